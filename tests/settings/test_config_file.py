from pathlib import Path

import pytest

from listill.errors import UserError
from listill.settings.config_file import read

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", sorted(ROOT.glob("config/*.yaml")), ids=lambda file: file.name)
def test_every_shipped_config_is_read(file: Path) -> None:
    assert read(file).students


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (None, "no such config file"),
        (b"corpora: [\n", ":2: not YAML"),
        (b"\xff\xfe", "cannot be read"),
        (b"- a\n- b\n", "not a config"),
        (b"seed: 1\nseed: 2\n", "already set in line 1"),
        (b"corpora: {}\nstudens: {}\n", "studens"),
    ],
)
def test_a_fault_is_one_line_with_the_file(content: bytes | None, named: str, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError) as fault:
        read(file)
    assert named in str(fault.value)
    assert all(line.startswith(str(file)) for line in str(fault.value).splitlines())
