"""What is learnt: losses, networks and the objective. NumPy and SciPy alone."""
