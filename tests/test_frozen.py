"""Settings as data."""

import json
from pathlib import Path
from typing import Any

import pytest

from listill.errors import UserError
from listill.frozen import canonical, parse, read_json
from listill.settings.config import Settings
from listill.settings.students import Student


def config(**more: Any) -> dict[str, Any]:
    return {"corpora": {"c": {"source": {"kind": "beir", "path": "x"}}}, "students": {"s": {"model": "m"}}} | more


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    forwards = config(seed=3, mining={"depth": 30, "bm25": {"k1": 1.2, "b": 0.7}})
    backwards = {
        key: dict(reversed(value.items())) if isinstance(value, dict) else value
        for key, value in reversed(forwards.items())
    }
    assert list(forwards) != list(backwards)
    one, two = (canonical(parse(Settings, data, "c").model_dump(mode="json")) for data in (forwards, backwards))
    assert one == two
    student = Student(model="m", prompts={"query": "q: "})
    assert parse(Student, json.loads(canonical(student.model_dump(mode="json"))), "c") == student


def test_frozen_settings_are_read_back_and_faults_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text('{"model": "m", "max_length": 12}')
    assert read_json(Student, path) == Student(model="m", max_length=12)
    for content, text in [
        ('{"model": "m",\n}', f"{path}:2: not JSON"),
        ('{"modl": "m"}', f"{path}: unknown key 'modl' (did you mean 'model'?)"),
        ('["model"]', f"{path}: "),
    ]:
        path.write_text(content)
        with pytest.raises(UserError) as caught:
            read_json(Student, path)
        assert str(caught.value).startswith(text)
    for folder in (False, True):
        path.write_bytes(b'{"model": "\xff"}')
        if folder:
            path.unlink()
            path.mkdir()
        with pytest.raises(UserError, match=r"train\.json: not a file with JSON: delete it and run again"):
            read_json(Student, path)
    with pytest.raises(UserError, match=r"nowhere\.json: no such settings file"):
        read_json(Student, tmp_path / "nowhere.json")
