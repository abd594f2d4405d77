"""Synthetic queries: generators (one file each), the engines of language models, and cleaning."""
