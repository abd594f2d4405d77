"""The families of interchangeable parts, and the discovery of their members.

A member is a module in the folder of its family, named after its ``kind`` in the config. No list of members has to be
edited: this module collects their settings classes. Members may also be outside the package, in the folder given by the
environment variable LISTILL_MEMBERS: ``$LISTILL_MEMBERS/teachers/mine.py`` is the teacher of kind ``mine``.
"""

import importlib
import os
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Union, get_args

from pydantic import BeforeValidator, Field

from listill.errors import UserError, nearest
from listill.section import Member

# The package of each family; its modules are the members.
FAMILIES = {
    "sources": "listill.corpus.sources",
    "generators": "listill.queries.generators",
    "retrievers": "listill.retrieval.kinds",
    "teachers": "listill.teachers.kinds",
    "losses": "listill.training.losses",
    "backends": "listill.models.backends",
    "formats": "listill.export.formats",
}
VARIABLE = "LISTILL_MEMBERS"


def outside_folders(family: str) -> list[Path]:
    """Return the existing folders outside the package that may contain members of a family."""
    roots = [Path(root).expanduser() for root in os.environ.get(VARIABLE, "").split(os.pathsep) if root]
    for root in roots:
        if not root.is_dir():
            raise UserError(f"{VARIABLE}: {root}: no such folder: correct or unset the environment variable")
    return [root.resolve() / family for root in roots if (root / family).is_dir()]


def names(family: str) -> list[str]:
    """Return the names of a family's members, sorted; UserError if two members have the same name."""
    package = importlib.import_module(FAMILIES[family])
    for folder in map(str, outside_folders(family)):
        if folder not in package.__path__:
            package.__path__.append(folder)
    members: set[str] = set()
    for folder in package.__path__:  # one by one, since a joint search would hide a name that is in two folders
        in_folder = {module.name for module in pkgutil.iter_modules([folder])}
        if duplicates := members & in_folder:
            name = min(duplicates)
            raise UserError(f"{folder}/{name}.py: the family {family} already has a member '{name}': rename the file")
        members |= in_folder
    return sorted(members)


def load(family: str, name: str) -> ModuleType:
    """Import the module of a member."""
    if name not in names(family):
        raise UserError(f"the family {family} has no member '{name}'; its members are {', '.join(names(family))}")
    try:
        return importlib.import_module(f"{FAMILIES[family]}.{name}")
    except (SyntaxError, ImportError, AttributeError, NameError, TypeError) as error:
        if not _is_outside(family, name):
            raise
        raise UserError(
            f"{VARIABLE}: {family}/{name}.py cannot be imported: {type(error).__name__}: {error}"
        ) from error


def member_files(family: str, name: str) -> list[str]:
    """Return the file of a member outside the package, which is an input of every stage that uses it."""
    return [str(folder / f"{name}.py") for folder in outside_folders(family) if (folder / f"{name}.py").is_file()]


def _is_outside(family: str, name: str) -> bool:
    return bool(member_files(family, name))


def settings_class(family: str, name: str) -> type[Member]:
    """Return the settings class of a member: the class in its module whose ``kind`` is the name of the module."""
    module = load(family, name)
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Member) and value.__module__ == module.__name__:
            kind = value.model_fields.get("kind")
            if kind is not None and get_args(kind.annotation) == (name,):
                return value
    raise UserError(
        f"{module.__file__}: has no settings class with kind: Literal['{name}']; the kind must be the name of the file"
    )


def union(family: str) -> Any:
    """Return the type of a config block that may be any member of a family, distinguished by ``kind``."""
    members = names(family)
    classes = tuple(settings_class(family, name) for name in members)

    def check_kind(data: Any) -> Any:
        known = ", ".join(map(repr, members))
        if not isinstance(data, dict | Member):
            raise ValueError(f"should be a block with the key kind ({known})")
        if isinstance(data, dict) and data.get("kind") not in members:
            kind = data.get("kind")
            what = "the key kind is missing" if kind is None else f"unknown kind '{kind}'{nearest(str(kind), members)}"
            raise ValueError(f"{what}; known kinds: {known}")
        return data

    return Annotated[Union[classes], Field(discriminator="kind"), BeforeValidator(check_kind)]  # noqa: UP007
