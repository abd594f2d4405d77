"""The config: one file per block. config/schema.json and config/README.md are generated from ``config.Settings``, the whole.

A missing setting takes its default; an unknown key is an error that names its place and the nearest known key. Nothing
heavier than pydantic is imported, because the Snakefile imports these modules in every job. Settings of interchangeable
parts (sources, generators, retrievers, teachers) stand in the members' own files: see ``listill.families``.
"""
