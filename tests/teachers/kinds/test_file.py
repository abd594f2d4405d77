"""The user's own scores as a teacher."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill.errors import UserError
from listill.source_files import checksum
from listill.teachers.kinds.file import ScoreFile
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources


@pytest.fixture
def scored(pairs: Pairs) -> pd.DataFrame:
    """A score for each pair, in another order."""
    ids = np.array(pairs.query_ids)[pairs.query], np.array(pairs.collection.doc_ids)[pairs.document()]
    frame = pd.DataFrame({"query_id": ids[0], "doc_id": ids[1], "score": np.arange(len(pairs)) / 7})
    return frame.sample(frac=1, random_state=1)


def teacher(folder: Path, frame: pd.DataFrame, **keys: Any) -> ScoreFile:
    frame.to_parquet(folder / "scores.parquet")
    return ScoreFile(kind="file", path=str(folder / "scores.parquet"), **keys)


def test_scores_are_found_by_ids(tmp_path: Path, pairs: Pairs, scored: pd.DataFrame, fresh: Resources) -> None:
    """Also those of a passage without its query: they are scores of the passage."""
    assert (pairs.text >= len(pairs.collection)).any()
    member = teacher(tmp_path, scored)
    np.testing.assert_allclose(member.score(pairs, fresh), np.arange(len(pairs)) / 7, rtol=1e-6)
    part = pairs.take(np.arange(8, 20)).compact()
    np.testing.assert_allclose(member.score(part, fresh), np.arange(8, 20) / 7, rtol=1e-6)
    assert member.files() == [member.path]
    assert member.identity(fresh) == checksum(Path(member.path))[:16]


def test_pairs_without_a_score(tmp_path: Path, pairs: Pairs, scored: pd.DataFrame, fresh: Resources) -> None:
    some = scored.sort_values("score").iloc[3:]
    with pytest.raises(UserError, match=r"has no score for 3 of 70 pairs, such as query 'q0'.*or set missing: lowest"):
        teacher(tmp_path, some).score(pairs, fresh)
    lowest = teacher(tmp_path, some, missing="lowest").score(pairs, fresh)
    np.testing.assert_allclose(lowest, np.maximum(np.arange(len(pairs)), 3) / 7, rtol=1e-6)


def test_a_file_of_several_teachers(tmp_path: Path, pairs: Pairs, scored: pd.DataFrame, fresh: Resources) -> None:
    both = pd.concat([scored.assign(teacher="one"), scored.assign(teacher="two", score=-scored["score"])])
    np.testing.assert_allclose(
        teacher(tmp_path, both, teacher="two").score(pairs, fresh), -np.arange(len(pairs)) / 7, rtol=1e-6
    )
    with pytest.raises(UserError, match="has the scores of several teachers: set teacher to one of one, two"):
        teacher(tmp_path, both).score(pairs, fresh)
    with pytest.raises(UserError, match="has no scores of the teacher 'three'"):
        teacher(tmp_path, both, teacher="three").score(pairs, fresh)


def test_a_missing_file(tmp_path: Path, fresh: Resources) -> None:
    with pytest.raises(UserError, match=r"gone.parquet: no such file"):
        ScoreFile(kind="file", path=str(tmp_path / "gone.parquet")).identity(fresh)
