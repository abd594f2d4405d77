"""Return a folder that transformers can load, for a model in another form."""

import hashlib
import logging
from functools import partial
from pathlib import Path

from listill.frozen import canonical
from listill.models import packaged
from listill.models.restoring import cache, gguf, onnx
from listill.source_files import checksum

# Raised if the files that are written change.
VERSION = 1
log = logging.getLogger("listill")


def restored(model: str, source: Path) -> Path:
    """Return the folder of transformers for ``source``, the folder or GGUF file of a model: itself, or in the cache.

    Raises UserError if a package that is needed to read the file is not installed.
    """
    entry = packaged.entry_of(model)
    if source.suffix == ".gguf":
        make = partial(gguf.restore, source)
    elif entry is not None:
        make = partial(onnx.restore, source, entry)
    else:
        return source

    def restore(folder: Path) -> None:
        import transformers

        transformers.utils.logging.disable_progress_bar()
        log.info("model %s: restoring it, once, in %s", model, cache.root())
        make(folder)

    return cache.stored(_digest(source, entry), restore)


def _digest(source: Path, entry: packaged.PackagedModel | None) -> str:
    """Return a digest of everything that the restored files depend on."""
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    sums = {path.name if path == source else str(path.relative_to(source)): checksum(path) for path in files}
    known = entry.model_dump(mode="json") if entry else None
    return hashlib.sha256(canonical([VERSION, known, sums]).encode()).hexdigest()[:16]
