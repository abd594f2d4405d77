"""The report: the result table on the terminal, and one self-contained page."""
