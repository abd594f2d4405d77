"""The losses, one file each; the name of the file is the name in the config.

A loss is a module with a function ``loss(step, similarity, temperatures) -> [queries]``, which returns one float32
value per query, and the tuple ``TEMPERATURES``: the temperatures that the loss uses (``teacher``, ``student``,
``infonce``). The value of a query must not depend on the similarities of other queries: the losses of a large step are
computed in blocks of queries (``blocks``).

Two facts are optional. With ``BASE = True``, ``step.base`` [queries + texts, d] holds the base model's embeddings of the
step's queries and texts. With ``EMBEDDINGS = True``, the function gets the student's embeddings [queries + texts, d]
instead of the similarities, and returns one value per embedding.
"""
