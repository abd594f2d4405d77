"""What other tools read: training lists, corpora, runs, and trained models with their cards."""
