"""The losses, one file each; the name of the file is the name in the config.

A loss is a module with a function ``loss(step, similarity, temperatures) -> [queries]``, which returns one float32
value per query, and the tuple ``TEMPERATURES``: the temperatures that the loss uses (``teacher``, ``student``,
``infonce``).
"""
