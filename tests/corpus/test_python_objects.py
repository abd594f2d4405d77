"""The public objects of a module and their canonical names."""

from types import ModuleType

import numpy as np
import pytest

from listill.corpus.python_objects import Api, package_versions, read_packages
from listill.errors import UserError

CODE = '''
def long_name(x):
    """Do something that takes a few words."""

short = long_name

def _hidden():
    """Do something that nobody should ever see."""

class Thing:
    """A thing that has methods and properties of its own."""

    @staticmethod
    def make():
        """Make a new thing out of nothing at all."""

    @property
    def size(self):
        """How large the thing is in whole units."""

class Other(Thing):
    """Another thing that has nothing of its own."""
'''


def module(name: str, code: str) -> ModuleType:
    created = ModuleType(name)
    exec(code, created.__dict__)
    return created


def test_the_canonical_name_is_the_original_and_shortest_one() -> None:
    api = Api()
    api.add_module(module("pack", CODE))
    api.add_module(module("pack.inner", "from collections import OrderedDict\nnumber = 3\n"))
    assert sorted(api.documents()) == ["pack.Other", "pack.Thing", "pack.Thing.make", "pack.long_name"]
    assert api.canonical["pack.short"] == "pack.long_name"
    assert api.canonical["pack.Other.make"] == "pack.Thing.make"
    assert api.docs["pack.Thing.make"] == "Make a new thing out of nothing at all."


def test_dunder_all_defines_the_public_names() -> None:
    api = Api()
    api.add_module(module("pack", CODE + "__all__ = ['short', 'gone']\n"))
    assert list(api.documents()) == ["pack.short"]


def test_versions_of_packages() -> None:
    assert package_versions(["numpy.linalg", "os"]) == {"packages": {"numpy.linalg": np.__version__, "os": "unknown"}}


def test_an_unknown_package_is_an_error() -> None:
    with pytest.raises(UserError, match="cannot import 'nothing_of_this_name'"):
        read_packages(["nothing_of_this_name"])
