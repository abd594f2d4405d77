"""Sources of corpora: one file per member, named after its ``kind`` in the config (see ``listill.corpus.source``)."""
