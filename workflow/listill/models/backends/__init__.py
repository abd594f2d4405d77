"""Backends: what a model computes with, one file per member.

A backend is a module with ``load(settings, folder) -> Checkpoint`` (see ``listill.models.checkpoint``).
"""
