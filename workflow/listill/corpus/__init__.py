"""Corpora: sources (one file each), duplicates, splits, and the collection of documents that later stages read."""
