"""Training times compared with other libraries and the bare NumPy loop."""
