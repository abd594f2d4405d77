"""Candidates: the candidate documents of each query, and the consistency filter."""
