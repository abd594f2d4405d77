"""Training: batches, losses (one file each), the training loop, and the selection of the best weights."""
