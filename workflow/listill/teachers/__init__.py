"""Teachers: score query-passage pairs, combine the scores, and check that they rank better than the students."""
