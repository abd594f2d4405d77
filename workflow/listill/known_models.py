"""Models that are recognised by their name."""

import fnmatch


def is_one_of(model: str, patterns: list[str]) -> bool:
    """Tell whether a model matches one of the patterns: by its name on the hub, or by a folder of that name."""
    folder = model.rstrip("/").rpartition("/")[2]
    return any(
        fnmatch.fnmatchcase(model, pattern)
        or (model.count("/") != 1 and fnmatch.fnmatchcase(folder, pattern.rpartition("/")[2]))
        for pattern in patterns
    )
