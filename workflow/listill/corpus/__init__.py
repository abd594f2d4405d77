"""Corpora: sources (one file each), duplicates, splits, and the collection that later stages read."""
