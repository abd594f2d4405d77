"""Losses: one file per member, named as in the config.

A loss is a module with ``loss(step, similarity, temperatures) -> [queries]``, one value per query in float32, and
``TEMPERATURES``: the names of the temperatures that it uses (``teacher``, ``student``, ``infonce``).
"""
