"""Training runs: several models that learn from the same batches."""
