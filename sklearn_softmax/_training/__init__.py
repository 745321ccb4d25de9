"""How it is learnt: mini-batch gradient descent of several models at once."""
