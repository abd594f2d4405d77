"""Teachers: score query-passage pairs, combine the scores, and check that the teachers rank better than the students."""
