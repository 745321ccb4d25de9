"""How fast training is, side by side with other libraries and the bare NumPy loop."""
