"""Lists: which queries train, and on which documents with which scores."""
