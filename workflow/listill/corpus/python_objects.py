"""The public functions, classes and methods of installed packages, and their docstrings."""

import importlib
import importlib.metadata
import inspect
import logging
import pkgutil
import warnings
from collections import defaultdict
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from listill.corpus.docstrings import document_text, fold
from listill.corpus.source import Document
from listill.errors import UserError

log = logging.getLogger("listill")

MIN_DOCUMENT_WORDS = 5
MAX_NESTING = 2  # classes in classes: pandas.Series.str is one
# Private by their packages' own documentation (pandas.core, numpy.core), tests, and machinery for building packages.
SKIPPED_MODULES = ("core", "compat", "tests", "conftest", "setup", "distutils")


Rank = tuple[int, bool, bool, int, str]  # parts; not its __name__; imported or inherited; length; name


class Api:
    """The public objects of some packages, each with all names by which it can be reached."""

    def __init__(self) -> None:
        self.docs: dict[str, str] = {}  # best name: docstring
        self.canonical: dict[str, str] = {}  # any name: best name of the object
        self._objects: dict[int, Any] = {}  # also keeps the objects alive, so that their ids stay theirs
        self._names: dict[int, dict[str, Rank]] = defaultdict(dict)

    def add_module(self, module: ModuleType) -> None:
        """Note the public members of a module that belong to its package."""
        listed = getattr(module, "__all__", None)
        root = _root(module.__name__)
        for name in vars(module) if listed is None else listed:
            try:
                member = getattr(module, name)
            except Exception:
                log.debug("python_api: %s.%s cannot be read", module.__name__, name)
                continue
            home = getattr(member, "__module__", None)
            # Without __all__ a module's imports look like its own.
            if not name.startswith("_") and (listed is not None or _root(home) == root):
                borrowed = listed is None and home != module.__name__
                self._add(f"{module.__name__}.{name}", member, root, MAX_NESTING, borrowed)

    def _add(self, name: str, member: Any, root: str, nesting: int, borrowed: bool) -> None:
        if isinstance(member, ModuleType) or not callable(member):
            return
        self._objects[id(member)] = member
        alias = name.rpartition(".")[2] != getattr(member, "__name__", None)
        self._names[id(member)][name] = (name.count("."), alias, borrowed, len(name), name)
        if inspect.isclass(member) and nesting and _root(member.__module__) == root:
            for attribute, value, own in _members(member, root):
                self._add(f"{name}.{attribute}", value, root, nesting - inspect.isclass(value), not own)

    def documents(self) -> dict[str, Document]:
        """Return the documents by the best of their names, the one of lowest rank.

        Objects with the same docstring and last name are one document, since neither reader nor retriever can tell them
        apart: numpy.random.RandomState.rand is numpy.random.rand.
        """
        found: dict[str, Document] = {}
        same: dict[tuple[str, str], str] = {}
        for key in sorted(self._objects, key=lambda key: min(self._names[key].values())):
            names = self._names[key]
            best = min(names, key=lambda name: names[name])
            last = best.rpartition(".")[2]
            doc = _docstring(self._objects[key])
            text = document_text(doc, {last, str(getattr(self._objects[key], "__name__", last))})
            if len(text.split()) < MIN_DOCUMENT_WORDS:
                continue
            first = same.setdefault((last, fold(text)), best)
            self.canonical.update((name, first) for name in names)
            if first == best:
                self.docs[first] = doc
                found[first] = Document(first, first, text)
        return found


def read_packages(packages: list[str]) -> Api:
    """Import packages with all their public modules; UserError if one of them cannot be imported."""
    api = Api()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # modules that are only looked at may be deprecated
        for package in packages:
            for module in _modules(package):
                api.add_module(module)
    return api


def _root(module: Any) -> str:
    return module.partition(".")[0] if isinstance(module, str) else ""


def _docstring(member: Any) -> str:
    doc = getattr(member, "__doc__", None)
    # An instance without a docstring of its own shows that of its class.
    if not isinstance(doc, str) or (not inspect.isclass(member) and doc == type(member).__doc__):
        return ""
    return inspect.cleandoc(doc)


def _members(cls: type, root: str) -> Iterator[tuple[str, Any, bool]]:
    """Yield name, object and whether it is the class' own, of public methods and nested classes from its package."""
    seen = set()
    for base in cls.__mro__:
        for name, value in vars(base).items():
            if name.startswith("_") or name in seen:
                continue
            seen.add(name)
            if _root(base.__module__) != root:
                continue
            if isinstance(value, staticmethod | classmethod):
                yield name, value.__func__, base is cls
            elif inspect.isroutine(value):
                yield name, value, base is cls
            elif not isinstance(value, property):
                try:
                    nested = getattr(cls, name)  # accessors, such as pandas.Series.str, give a class
                except Exception:
                    continue
                if inspect.isclass(nested) and _root(nested.__module__) == root:
                    yield name, nested, base is cls


def _modules(package: str) -> Iterator[ModuleType]:
    """Yield a package and its public modules; those that cannot be imported are left out."""
    try:
        top = importlib.import_module(package)
    except ImportError as error:
        raise UserError(
            f"source.packages: cannot import '{package}' ({error}): install it, or take it out of the list"
        ) from None
    waiting = [top]
    while waiting:
        module = waiting.pop()
        yield module
        for found in pkgutil.iter_modules(getattr(module, "__path__", [])):
            if found.name.startswith(("_", "test_")) or found.name in SKIPPED_MODULES:
                continue
            name = f"{module.__name__}.{found.name}"
            try:
                waiting.append(importlib.import_module(name))
            except (Exception, SystemExit) as error:
                log.debug("python_api: cannot import %s: %s", name, error)


def package_versions(packages: list[str]) -> dict[str, Any]:
    """Return the versions of packages, for the provenance of the corpus."""
    versions = {}
    for package in packages:
        module = importlib.import_module(package.partition(".")[0])
        versions[package] = str(getattr(module, "__version__", "unknown"))
    return {"packages": versions}
