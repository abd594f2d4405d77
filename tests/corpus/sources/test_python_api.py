"""The source python_api."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from listill.corpus.source import RawCorpus
from listill.corpus.sources.python_api import PythonApi
from listill.errors import UserError

INIT = '''
"""A package."""
import warnings
from .inner import Shape, area
from json import dumps  # of another package
warnings.warn("noise", DeprecationWarning)
__all__ = ["Shape", "area", "surface", "perimeter", "tiny", "same_text", "gone"]

surface = area

def perimeter(shape):
    """perimeter(shape)

    Return the length of the outline of a shape.

    .. versionadded:: 1.2
       Later than others.

    Parameters
    ----------
    shape : Shape
        Any :class:`~fake.inner.Shape`, or its ``name``; see [1]_
        for what this may be.

    See Also
    --------
    area : Measure the space inside an outline,
        in square units.
    Shape.scale, inner.Shape.turn : change the given shape to another one
    numpy.sum : Sum of things that are elsewhere.
    tiny : has a docstring that is too short
    area : Similar function of this package.

    References
    ----------
    .. [1] A book.

    Examples
    --------
    >>> perimeter(1)
    """

def tiny():
    """Too short."""

def _private():
    """This must not be seen by anyone at all."""
'''
INNER = '''
from json import loads

class Shape:
    """A shape in the plane, made of points."""

    def scale(self):
        """Multiply the size of the shape by a factor.

        See Also
        --------
        turn : Give the shape another direction.
        Square.side : return the length of one of four equal sides.
        perimeter : Return the length of the  OUTLINE of a shape
        """

    @classmethod
    def turn(cls):
        """Rotate the shape by an angle in degrees.

        See Also
        --------
        fake.area: measure the space inside an outline, in square units
        """

class Square(Shape):
    """A shape that has four equal sides.

    Attributes
    ----------
    name : str
    """
    def side(self):
        """Tell how long an edge of the square is."""

def area(shape):
    """Compute how much of the plane a shape covers."""

def copied(shape):
    """Rotate the shape by an angle in degrees."""
'''


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RawCorpus:
    package = tmp_path / "fake"
    (package / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text(INIT)
    (package / "inner.py").write_text(INNER)
    (package / "broken.py").write_text("import nothing_of_this_name\n")
    (package / "leaving.py").write_text("raise SystemExit(3)\n")
    (package / "tests" / "__init__.py").write_text('def f():\n    """A docstring that is long enough to count."""\n')
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.partition(".")[0] == "fake"]:
        del sys.modules[name]
    return PythonApi(kind="python_api", packages=["fake"]).read()


def test_one_document_per_public_object(fake: RawCorpus) -> None:
    assert [doc.doc_id for doc in fake.documents] == [
        "fake.Shape",
        "fake.Shape.scale",
        "fake.Shape.turn",
        "fake.area",  # rather than fake.surface or fake.inner.area
        "fake.inner.Square",
        "fake.inner.Square.side",  # the inherited scale is that of Shape
        "fake.inner.copied",
        "fake.perimeter",
    ]
    assert all(doc.title == doc.doc_id for doc in fake.documents)


def test_the_text_is_the_prose_of_the_docstring(fake: RawCorpus) -> None:
    assert fake.documents[-1].text == (
        "Return the length of the outline of a shape.\n\n"
        "Parameters\nshape : Shape\nAny Shape, or its name; see for what this may be."
    )


def test_topics_are_descriptions_in_see_also_sections(fake: RawCorpus) -> None:
    relevant = {fake.topics[j.query_id]: set() for j in fake.qrels}
    for judgement in fake.qrels:
        assert (judgement.relevance, judgement.split) == (1, "")
        relevant[fake.topics[judgement.query_id]].add(judgement.doc_id)
    assert relevant == {
        "measure the space inside an outline, in square units": {"fake.area"},
        "change the given shape to another one": {"fake.Shape.scale", "fake.Shape.turn"},
        "Give the shape another direction.": {"fake.Shape.turn"},
        "return the length of one of four equal sides.": {"fake.inner.Square.side"},  # by its unique ending
    }
    assert sorted(fake.topics) == ["fake.Shape.turn:1", "fake.Shape.turn:2", "fake.area:1", "fake.inner.Square.side:1"]


def test_an_unknown_package_is_an_error() -> None:
    with pytest.raises(UserError, match=r"source.packages: cannot import 'nothing_of_this_name'.*install it"):
        PythonApi(kind="python_api", packages=["nothing_of_this_name"]).read()


def test_numpy_is_read_the_same_way_every_time() -> None:
    code = (
        "import hashlib; from listill.corpus.sources.python_api import PythonApi\n"
        "s = PythonApi(kind='python_api', packages=['numpy']).read()\n"
        "print(hashlib.sha256(repr((s.documents, s.topics, s.qrels)).encode()).hexdigest())\n"
        "d = {x.doc_id: x.text for x in s.documents}\n"
        "print(len(d) > 1000, len(s.topics) > 250, d['numpy.linalg.svd'].startswith('Singular Value Decomposition.'))\n"
        "print('numpy.absolute' in d, 'numpy.abs' in d, d['numpy.sin'].split('\\n')[0])\n"
        "print(any('See Also\\n' in t or ' at 0x' in t for t in d.values()))\n"
    )
    outputs = []
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].splitlines()[1:] == ["True True True", "True False Trigonometric sine, element-wise.", "False"]
