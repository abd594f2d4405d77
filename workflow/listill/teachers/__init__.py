"""Teachers: who scores query-passage pairs, how the scores are combined, and whether they are worth learning from."""
