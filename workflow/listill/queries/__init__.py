"""Synthetic queries: generators (one file each) and cleaning."""
