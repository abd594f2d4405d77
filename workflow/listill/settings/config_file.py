"""A config file as settings, for commands that take one; Snakemake reads its configs itself."""

from pathlib import Path

import yaml

from listill.config_files import check
from listill.errors import UserError
from listill.frozen import parse
from listill.settings.config import Settings


def read(path: Path) -> Settings:
    """Return the settings in a YAML (or JSON) file; UserError names the file and what is wrong with it."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such config file: give one of config/*.yaml, or write one with listill.init"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}): give a config file in YAML") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        reason = getattr(error, "problem", None) or "it cannot be parsed"
        raise UserError(f"{place}: not YAML ({reason}): correct the line") from None
    if not isinstance(data, dict):
        raise UserError(f"{path}: not a config: it has no keys such as corpora and students")
    check([path])
    return parse(Settings, data, str(path))
