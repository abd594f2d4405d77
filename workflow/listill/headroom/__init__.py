"""Can training help on a corpus? Measured in minutes, before anything is trained."""
