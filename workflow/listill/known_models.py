"""Models that are known by their name."""

import fnmatch


def is_one_of(model: str, patterns: list[str]) -> bool:
    """Tell whether a model is meant by its name on the hub, or by a folder that bears the model's name."""
    folder = model.rstrip("/").rpartition("/")[2]
    return any(
        fnmatch.fnmatchcase(model, pattern)
        or (model.count("/") != 1 and fnmatch.fnmatchcase(folder, pattern.rpartition("/")[2]))
        for pattern in patterns
    )
