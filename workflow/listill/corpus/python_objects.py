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

from listill.corpus.docstrings import comparable_text, document_text
from listill.corpus.source import Document
from listill.errors import UserError

log = logging.getLogger("listill")

MIN_DOCUMENT_WORDS = 5
MAX_NESTING = 2  # classes within classes, such as pandas.Series.str
# Modules that are private according to their package's documentation (pandas.core, numpy.core), tests and build tools.
SKIPPED_MODULES = ("core", "compat", "tests", "conftest", "setup", "distutils")


# Number of parts; whether it differs from __name__; whether it is imported or inherited; length; the name itself.
Rank = tuple[int, bool, bool, int, str]


class Api:
    """The public objects of packages, with all public names of each object."""

    def __init__(self) -> None:
        self.docs: dict[str, str] = {}  # canonical name to docstring
        self.canonical: dict[str, str] = {}  # any name to the canonical name of the object
        self._objects: dict[int, Any] = {}  # by id(); the references keep the objects alive, so that ids stay unique
        self._names: dict[int, dict[str, Rank]] = defaultdict(dict)

    def add_module(self, module: ModuleType) -> None:
        """Add the public members of a module that belong to its package."""
        listed = getattr(module, "__all__", None)
        root = _root(module.__name__)
        for name in vars(module) if listed is None else listed:
            try:
                member = getattr(module, name)
            except Exception:
                log.debug("python_api: %s.%s cannot be read", module.__name__, name)
                continue
            home = getattr(member, "__module__", None)
            # Without __all__, imported names cannot be told from names that the module defines.
            if not name.startswith("_") and (listed is not None or _root(home) == root):
                imported = listed is None and home != module.__name__
                self._add(f"{module.__name__}.{name}", member, root, MAX_NESTING, imported)

    def _add(self, name: str, member: Any, root: str, nesting: int, imported: bool) -> None:
        if isinstance(member, ModuleType) or not callable(member):
            return
        self._objects[id(member)] = member
        alias = name.rpartition(".")[2] != getattr(member, "__name__", None)
        self._names[id(member)][name] = (name.count("."), alias, imported, len(name), name)
        if inspect.isclass(member) and nesting and _root(member.__module__) == root:
            for attribute, value, inherited in _members(member, root):
                self._add(f"{name}.{attribute}", value, root, nesting - inspect.isclass(value), inherited)

    def documents(self) -> dict[str, Document]:
        """Return the documents by canonical name, which is the name with the lowest rank.

        Objects with the same docstring and the same last part of the name are one document, because neither a reader
        nor a retriever can tell them apart: numpy.random.RandomState.rand and numpy.random.rand.
        """
        documents: dict[str, Document] = {}
        canonical_by_text: dict[tuple[str, str], str] = {}
        for key in sorted(self._objects, key=lambda key: min(self._names[key].values())):
            names = self._names[key]
            best = min(names, key=lambda name: names[name])
            last = best.rpartition(".")[2]
            doc = _docstring(self._objects[key])
            text = document_text(doc, {last, str(getattr(self._objects[key], "__name__", last))})
            if len(text.split()) < MIN_DOCUMENT_WORDS:
                continue
            first = canonical_by_text.setdefault((last, comparable_text(text)), best)
            self.canonical.update((name, first) for name in names)
            if first == best:
                self.docs[first] = doc
                documents[first] = Document(first, first, text)
        return documents


def read_packages(packages: list[str]) -> Api:
    """Import packages with all their public modules; UserError if a package cannot be imported."""
    api = Api()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing a deprecated module warns
        for package in packages:
            for module in _modules(package):
                api.add_module(module)
    return api


def _root(module: Any) -> str:
    return module.partition(".")[0] if isinstance(module, str) else ""


def _docstring(member: Any) -> str:
    doc = getattr(member, "__doc__", None)
    # An instance without its own docstring inherits the docstring of its class.
    if not isinstance(doc, str) or (not inspect.isclass(member) and doc == type(member).__doc__):
        return ""
    return inspect.cleandoc(doc)


def _members(cls: type, root: str) -> Iterator[tuple[str, Any, bool]]:
    """Yield the public methods and nested classes of a class that belong to its package: name, object, inherited."""
    seen = set()
    for base in cls.__mro__:
        for name, value in vars(base).items():
            if name.startswith("_") or name in seen:
                continue
            seen.add(name)
            if _root(base.__module__) != root:
                continue
            if isinstance(value, staticmethod | classmethod):
                yield name, value.__func__, base is not cls
            elif inspect.isroutine(value):
                yield name, value, base is not cls
            elif not isinstance(value, property):
                try:
                    nested = getattr(cls, name)  # an accessor, such as pandas.Series.str, returns a class
                except Exception:
                    continue
                if inspect.isclass(nested) and _root(nested.__module__) == root:
                    yield name, nested, base is not cls


def _modules(package: str) -> Iterator[ModuleType]:
    """Yield a package and its public modules; modules that cannot be imported are skipped."""
    try:
        top = importlib.import_module(package)
    except ImportError as error:
        raise UserError(
            f"source.packages: cannot import '{package}' ({error}): install it, or remove it from the list"
        ) from None
    waiting = [top]
    while waiting:
        module = waiting.pop()
        yield module
        for submodule in pkgutil.iter_modules(getattr(module, "__path__", [])):
            if submodule.name.startswith(("_", "test_")) or submodule.name in SKIPPED_MODULES:
                continue
            name = f"{module.__name__}.{submodule.name}"
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
