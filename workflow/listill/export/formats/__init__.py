"""Formats of other tools, one file per member.

A format is a module with ``OF`` (``lists`` or ``corpus``: what it holds), ``LOAD`` (Markdown that says how to load the folder), and
``write(material, folder)``, which writes into an empty folder. The material is ``listill.export.training_lists.TrainingLists``
or ``listill.export.measured_corpus.MeasuredCorpus``.
"""
