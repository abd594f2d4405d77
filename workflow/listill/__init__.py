"""listill: teach a dense retriever one corpus by listwise distillation, and prove that it helped."""

__version__ = "0.1.0"
