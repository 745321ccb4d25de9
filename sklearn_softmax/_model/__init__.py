"""Losses, networks and the objective; depends on NumPy and SciPy only."""
