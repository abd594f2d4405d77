"""Training: lists, losses (one file each), batches, the loop and selection."""
