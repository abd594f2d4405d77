"""Retrieval: BM25, the dense encoder, exact search and fusion."""
