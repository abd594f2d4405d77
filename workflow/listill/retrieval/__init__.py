"""Retrieval: a common interface to BM25, dense and other retrievers, the encoder, exact search and fusion."""
