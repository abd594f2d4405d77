"""One thin command per stage: ``python -m listill.stages.mine --help``."""
