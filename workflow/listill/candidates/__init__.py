"""Candidates: the pool of documents for each query, and the consistency filter."""
