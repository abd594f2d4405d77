"""What generators with a model of their own share."""

from listill.errors import UserError
from listill.source_files import expand


def model_name(model: str) -> str:
    """Return the folder of a model, with variables replaced, or its name on the hub; a folder has to be there."""
    path = expand(model)
    if path.is_dir():
        return str(path)
    if model.startswith((".", "/", "~", "$")) or model.count("/") > 1:
        raise UserError(f"model {model}: no such folder")
    return model
