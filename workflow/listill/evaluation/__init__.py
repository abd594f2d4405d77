"""Evaluation: the queries it is done on, per-query measures, and paired significance."""
