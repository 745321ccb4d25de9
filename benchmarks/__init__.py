"""Reports and speed comparisons made with sklearn_softmax."""
