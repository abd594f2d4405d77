"""Training lists: which queries are trained on, with which documents and which teacher scores."""
