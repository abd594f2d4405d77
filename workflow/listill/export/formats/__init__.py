"""Formats of other tools, one file per member.

A format is a module with ``OF`` (``lists`` or ``corpus``: what it holds), ``LOAD`` (Markdown that says how to load it), and
``write(material, folder)``, which writes into an empty folder. The material of ``lists`` is a
``listill.export.training_lists.TrainingLists``, that of ``corpus`` a ``listill.export.measured_corpus.MeasuredCorpus``.
"""
