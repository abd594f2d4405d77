"""Models in quantised forms are restored to transformers folders, once, into a cache outside results/."""
