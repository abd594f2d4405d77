"""Locate a model in an installed package, in a folder or on the hub, and check its files."""

import errno
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from listill.errors import UserError
from listill.models import packaged
from listill.models.restoring import cache
from listill.models.restoring.restore import restored
from listill.source_files import checksum, expand, in_package, onnx_files

WEIGHTS = "*.safetensors"


def resolve(model: str, revision: str | None = None, pooling: str | None = None, file: str | None = None) -> Path:
    """Return the folder of a bi-encoder; see ``locate``.

    The folder must be a SentenceTransformers folder with a pooling module. With ``pooling``, any transformers model is
    accepted. Raises UserError for all other folders: a wrong pooling silently costs most of a model's quality, so the
    pooling is never guessed. ``file`` is downloaded, too.
    """
    folder = locate(model, revision, [WEIGHTS, file] if file else [WEIGHTS])
    if pooling is None or (folder / "modules.json").exists():
        _check_modules(folder, model)
    else:
        _check_config(folder, model)
    _check_weights(folder, model)
    return folder


def resolve_transformer(model: str, revision: str | None = None, file: str | None = None) -> Path:
    """Return the folder of any transformers model with safetensors weights, or with the ONNX ``file``; see ``locate``."""
    folder = locate(model, revision, [file or WEIGHTS])
    _check_config(folder, model)
    if file is None:
        _check_weights(folder, model)
    return folder


def onnx_file(model: str, folder: Path, file: str) -> Path:
    """Return the ONNX file of a model in ``folder``; UserError if it is missing. A packaged model has only one."""
    entry = packaged.entry_of(model)
    path = _in_package(model) / entry.file if entry else folder / file
    if not path.is_file():
        found = ", ".join(sorted(str(one.relative_to(folder)) for one in folder.rglob("*.onnx"))) or "there is none"
        raise UserError(f"model {model}: no file '{file}' in {folder}; set `file` to its ONNX file ({found})")
    return path


def identity(folder: Path, file: str | None = None) -> str:
    """Return an identifier of the model's version: its commit on the hub, or a checksum of the files in its folder.

    For a restored model it is a checksum of the files that it was restored from. ``file`` is the ONNX file that is used.
    """
    if folder.parent.name == "snapshots" or folder.parent == cache.root():
        return folder.name
    suffixes = (".json", ".txt", ".model", ".metadata", ".safetensors", ".py")
    files = sorted(path for path in folder.rglob("*") if path.suffix in suffixes and path.is_file())
    files += [folder / name for name in onnx_files(file) if (folder / name).is_file()] if file else []
    checksums = "".join(f"{path.relative_to(folder)} {checksum(path)}\n" for path in files)
    return hashlib.sha256(checksums.encode()).hexdigest()[:16]


def locate(model: str, revision: str | None = None, weights: Sequence[str] = (WEIGHTS,)) -> Path:
    """Return the folder of a model.

    ``model`` is ``package:MODULE/PATH``, a folder, a GGUF file, or a hub name. The snapshot of a hub model, with
    ``weights`` (patterns of files), is downloaded or taken from the cache. A model in another form is restored (see
    ``restoring``). Raises UserError if the model is not found.
    """
    name = folder_or_hub_name(model)
    return Path(name) if Path(name).is_dir() else _from_hub(name, revision, weights)


def folder_or_hub_name(model: str) -> str:
    """Return the folder of a model (in a package, restored, or with variables expanded), or its name on the hub.

    Used with libraries that download models themselves. Raises UserError if the folder does not exist.
    """
    if model.startswith("package:"):
        return str(restored(model, _in_package(model)))
    if (path := expand(model)).is_dir() or (path.is_file() and path.suffix == ".gguf"):
        return str(restored(model, path))
    if model.startswith((".", "/", "~", "$")) or model.count("/") > 1 or path.suffix == ".gguf":
        raise UserError(f"model {model}: no such {'file' if path.suffix == '.gguf' else 'folder'}")
    return model


def _in_package(model: str) -> Path:
    module, _, inside = model.removeprefix("package:").partition("/")
    path = in_package(model)
    if path is None:
        fix = "run `make models`" if packaged.entry_of(model) else "install it"
        raise UserError(f"model {model}: the Python package '{module}' is not installed; {fix}")
    if not (path.is_dir() or (path.suffix == ".gguf" and path.is_file())):
        what = "file" if path.suffix == ".gguf" else "folder"
        raise UserError(f"model {model}: no {what} '{inside}' in the package '{module}'")
    return path


def _from_hub(model: str, revision: str | None, weights: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    allowed = ["*.json", "*.txt", "*.model", "*.jinja", "*.metadata", "*.py", *weights]
    onnx = [name for file in weights if file != WEIGHTS for name in onnx_files(file)]
    allowed += onnx
    ignored = ["openvino/*"] if onnx else ["onnx/*", "openvino/*"]
    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=allowed, ignore_patterns=ignored))
    except GatedRepoError:
        raise UserError(
            f"model {model}: access is gated; accept the licence on https://huggingface.co/{model}, then log in with "
            "'hf auth login' or set HF_TOKEN"
        ) from None
    except RevisionNotFoundError:
        raise UserError(
            f"model {model}: revision '{revision}' does not exist on the hub; set revision to an existing commit, "
            "tag or branch"
        ) from None
    except RepositoryNotFoundError:
        raise UserError(
            f"model {model}: no such folder, and no such model on the hub; if the model is private, log in with "
            "'hf auth login' or set HF_TOKEN"
        ) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"model {model}: no such folder, and it cannot be downloaded from the hub ({reason}); "
            "download it on a machine with network access and set `model` to its folder"
        ) from None


def _check_config(folder: Path, model: str) -> None:
    if not (folder / "config.json").exists():
        raise UserError(f"model {model}: no config.json in {folder}, so this is not a transformers model")


def _check_modules(folder: Path, model: str) -> None:
    modules_file = folder / "modules.json"
    try:
        modules = [(str(entry["type"]), str(entry["path"])) for entry in json.loads(modules_file.read_text())]
    except (ValueError, TypeError, KeyError, IsADirectoryError):
        raise UserError(
            f"model {model}: {modules_file} is not a valid list of modules; download the model again"
        ) from None
    except FileNotFoundError:
        raise UserError(
            f"model {model}: {modules_file} is missing, so the pooling is unknown; set `pooling` of the student to the "
            "value on the model card: mean, cls, lasttoken, ..."
        ) from None
    pooling_names = ("Pooling", "WordWeights", "StaticEmbedding", "Router")
    module_types = [module_type for module_type, _ in modules]
    if not any(module_type.endswith(pooling_names) for module_type in module_types):
        raise UserError(
            f"model {model}: {modules_file} has no pooling module ({', '.join(module_types)}), so the pooling is "
            "unknown; remove the file and set `pooling` of the student to the value on the model card: mean, cls, "
            "lasttoken, ..."
        )
    for module_type, path in modules:
        if not module_type.endswith(".Pooling"):
            continue
        config = folder / path / "config.json"
        if not config.exists():
            raise UserError(f"model {model}: {config} is missing, so the pooling is unknown; download the model again")


def _check_weights(folder: Path, model: str) -> None:
    if not any(path.is_file() for path in folder.rglob("*.safetensors")):
        raise UserError(
            f"model {model}: no .safetensors weights in {folder}; other formats can run code when loaded, so they are "
            "not supported. If you trust the model, load it once and save it with save_pretrained"
        )
