"""Backends: the libraries that run models, one file per member.

A backend is a module with ``load(settings, folder) -> Checkpoint`` (see ``listill.models.checkpoint``).
"""
