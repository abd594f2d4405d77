"""Evaluation: evaluation queries, per-query measures, and paired significance tests."""
