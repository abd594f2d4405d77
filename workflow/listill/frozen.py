"""Settings as plain data: validated when they are read, canonical when they are written."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from listill.config_messages import messages
from listill.errors import UserError
from listill.section import Section

S = TypeVar("S", bound=Section)


def parse(model: type[S], data: Any, where: str) -> S:
    """Validate ``data`` against ``model``; a UserError names the place of each fault."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = [f"{where}: {message}" for message in messages(error, data)]
        raise UserError("\n".join(faults)) from None


def canonical(data: Any) -> str:
    """Return JSON with sorted keys: equal settings give equal text."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False)


def read_json(model: type[S], path: Path) -> S:
    """Read the frozen settings of a stage."""
    try:
        data = json.loads(Path(path).read_text())
    except FileNotFoundError:
        raise UserError(f"{path}: no such settings file") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    except (UnicodeDecodeError, IsADirectoryError):
        raise UserError(f"{path}: not a file with JSON: delete it and run again") from None
    return parse(model, data, str(path))
