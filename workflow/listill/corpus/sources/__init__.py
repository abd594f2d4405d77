"""Sources of corpora: one file each, named like the ``kind`` in the config, with a function ``read(settings)``.

Beside them: rows (JSONL, CSV, TSV, Parquet), docstrings and see_also (for python_api)."""
