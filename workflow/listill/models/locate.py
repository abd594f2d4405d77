"""Where a model is: in an installed package, in a folder or on the hub. Nothing about it is guessed."""

import errno
import hashlib
import importlib.util
import json
from pathlib import Path

from listill.errors import UserError
from listill.source_files import checksum, expand


def resolve(model: str, revision: str | None = None, pooling: str | None = None) -> Path:
    """Return the folder of a bi-encoder; see ``locate``.

    It is a SentenceTransformers folder with pooling settings or, where ``pooling`` is given, one of any transformers model.
    Raises UserError for others: a wrong pooling costs most of a model's quality without any error, so it is not guessed.
    """
    folder = locate(model, revision)
    if pooling is None or (folder / "modules.json").exists():
        _check_modules(folder, model)
    else:
        _check_config(folder, model)
    _check_weights(folder, model)
    return folder


def resolve_transformer(model: str, revision: str | None = None) -> Path:
    """Return the folder of any transformers model with safetensors weights; see ``locate``."""
    folder = locate(model, revision)
    _check_config(folder, model)
    _check_weights(folder, model)
    return folder


def identity(folder: Path) -> str:
    """Return what identifies this model: its commit on the hub, or a checksum of the files in its folder."""
    if folder.parent.name == "snapshots":
        return folder.name
    kinds = (".json", ".txt", ".model", ".safetensors", ".py")
    files = sorted(path for path in folder.rglob("*") if path.suffix in kinds)
    checksums = "".join(f"{path.relative_to(folder)} {checksum(path)}\n" for path in files)
    return hashlib.sha256(checksums.encode()).hexdigest()[:16]


def locate(model: str, revision: str | None = None) -> Path:
    """Return the folder of a model.

    ``model``: ``package:MODULE/FOLDER``, a folder, or a hub name (its safetensors snapshot is downloaded or taken from the
    cache). Raises UserError if it is not there.
    """
    name = folder_or_hub_name(model)
    return Path(name) if Path(name).is_dir() else _from_hub(name, revision)


def folder_or_hub_name(model: str) -> str:
    """Return the folder of a model (of a package, or with variables replaced), or its name on the hub.

    For libraries that download models themselves. Raises UserError for a folder that does not exist.
    """
    if model.startswith("package:"):
        return str(_in_package(model))
    if (path := expand(model)).is_dir():
        return str(path)
    if model.startswith((".", "/", "~", "$")) or model.count("/") > 1:
        raise UserError(f"model {model}: no such folder")
    return model


def _in_package(model: str) -> Path:
    module, _, inside = model.removeprefix("package:").partition("/")
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # the package that a dotted name begins with
        spec = None
    if spec is None or spec.origin is None:
        raise UserError(f"model {model}: the Python package '{module}' is not installed")
    folder = Path(spec.origin).parent / inside
    if not folder.is_dir():
        raise UserError(f"model {model}: no folder '{inside}' in the package '{module}'")
    return folder


def _from_hub(model: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    wanted = ["*.json", "*.txt", "*.model", "*.jinja", "*.safetensors", "*.py"]
    unwanted = ["onnx/*", "openvino/*"]
    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=wanted, ignore_patterns=unwanted))
    except GatedRepoError:
        raise UserError(
            f"model {model}: gated: accept its licence on https://huggingface.co/{model}, then log in with 'hf auth login' "
            "or set HF_TOKEN"
        ) from None
    except RevisionNotFoundError:
        raise UserError(f"model {model}: no revision '{revision}' on the hub") from None
    except RepositoryNotFoundError:
        raise UserError(
            f"model {model}: neither a folder nor on the hub; if it is private, log in with 'hf auth login' or set HF_TOKEN"
        ) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"model {model}: neither a folder nor to be had from the hub ({reason}); "
            "download it on a networked machine and give its folder"
        ) from None


def _check_config(folder: Path, model: str) -> None:
    if not (folder / "config.json").exists():
        raise UserError(f"model {model}: no config.json in {folder}: not a folder of a transformers model")


def _check_modules(folder: Path, model: str) -> None:
    modules = folder / "modules.json"
    try:
        kinds = [entry["type"] for entry in json.loads(modules.read_text())]
    except (json.JSONDecodeError, TypeError, KeyError):
        raise UserError(f"model {model}: {modules} is broken; download the model again") from None
    except FileNotFoundError:
        raise UserError(
            f"model {model}: {modules} is missing, so its pooling is unknown and would have to be guessed; set `pooling` of "
            "the student to what the model's card says: mean, cls, lasttoken, ..."
        ) from None
    pooling = [entry for entry in kinds if entry.endswith(("Pooling", "WordWeights", "StaticEmbedding", "Router"))]
    if not pooling:
        raise UserError(
            f"model {model}: {modules} has no pooling module ({', '.join(kinds)}); it would have to be guessed: remove the "
            "file and set `pooling` of the student to what the model's card says: mean, cls, lasttoken, ..."
        )
    for entry in json.loads(modules.read_text()):
        if entry["type"].endswith(".Pooling") and not (folder / entry["path"] / "config.json").exists():
            raise UserError(
                f"model {model}: {folder / entry['path'] / 'config.json'} is missing: its pooling is unknown"
            )


def _check_weights(folder: Path, model: str) -> None:
    if not any(folder.rglob("*.safetensors")):
        raise UserError(
            f"model {model}: no .safetensors weights in {folder}; other formats can run code and are not read: "
            "where you trust it, load it once and save it with save_pretrained"
        )
