"""A two-layer ReLU net trained by Adam in plain NumPy that records each epoch's loss and accuracy.

What the bare algorithm costs. All arrays of a step are made once, all parameters lie in one
vector of which the layers are views, and loss and accuracy are summed when an epoch ends.
"""

import math

import numpy as np

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class RecordedNet:
    """A net in training, samples as columns.

    Parameters
    ----------
    W1 : ndarray of shape (n_hidden, n_features), float32 or float64
        Initial weights; intercepts start at zero.
    W2 : ndarray of shape (n_classes, n_hidden)
    lr : float
        Learning rate.
    batch_size : int
        Rows of a step; more than there are means all of them. The gradient of a last,
        shorter batch counts in proportion.
    n_rows : int
        Rows to train on.

    References
    ----------
    D. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.
    """

    def __init__(self, W1, W2, lr, batch_size, n_rows):
        size = W1.size + len(W1) + W2.size + len(W2)
        self.params, self.gradient, self.mean, self.square = np.zeros((4, size), W1.dtype)
        self.layers = _views(self.params, W1.shape, W2.shape)
        self.layer_gradients = _views(self.gradient, W1.shape, W2.shape)
        self.layers[0][...], self.layers[2][...] = W1, W2
        batch_size = min(batch_size, n_rows)
        self.lr, self.batch_size, self.n_steps = lr, batch_size, 0
        # An array: NumPy multiplies faster by one than by a Python number.
        self.loss_weight = np.asarray(1 / batch_size, W1.dtype)
        lengths = {batch_size, n_rows % batch_size}
        self.rooms = {m: _Room(m, W1.shape, len(W2), W1.dtype) for m in lengths}

    def epoch(self, X, y, order):
        """Train on all rows once.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
            Of the same dtype as the weights.
        y : ndarray of shape (n_rows,), int
            Class indices.
        order : ndarray of shape (n_rows,), int

        Returns
        -------
        loss, accuracy : float
            Means over the rows, each scored just before the step that used it.
        """
        n, y = len(order), y[order]
        true_scores, sums = np.empty((2, n), X.dtype)
        n_lost_ties = 0
        for start in range(0, n, self.batch_size):
            batch = slice(start, min(start + self.batch_size, n))
            room = self.rooms[batch.stop - start]
            X.take(order[batch], axis=0, out=room.X, mode="clip")
            self._score(room)
            index = y[batch] * len(room.X) + room.columns
            room.flat_Z.take(index, out=true_scores[batch], mode="clip")
            if room.has_ties():
                is_top = true_scores[batch] == 0
                n_lost_ties += np.count_nonzero(is_top & (room.Z.argmax(axis=0) != y[batch]))
            np.exp(room.Z, out=room.Z)
            room.Z /= np.add.reduce(room.Z, axis=0, out=sums[batch])
            room.flat_Z[index] -= 1
            self._differentiate(room)
            self._step()
        loss = np.mean(np.log(sums) - true_scores, dtype=np.float64)
        return float(loss), (np.count_nonzero(true_scores == 0) - n_lost_ties) / n

    def _score(self, room):
        """Hidden activations, and scores less the highest of their row."""
        W1, b1, W2, b2 = self.layers
        np.matmul(W1, room.X.T, out=room.A)
        room.A += b1
        np.maximum(room.A, 0, out=room.A)
        np.matmul(W2, room.A, out=room.Z)
        room.Z += b2
        room.Z -= np.maximum.reduce(room.Z, axis=0, out=room.top)

    def _differentiate(self, room):
        """Gradient of the loss, from probabilities less the true classes."""
        W2 = self.layers[2]
        dW1, db1, dW2, db2 = self.layer_gradients
        room.Z *= self.loss_weight
        np.matmul(room.Z, room.A.T, out=dW2)
        np.add.reduce(room.Z, axis=1, out=db2, keepdims=True)
        np.matmul(W2.T, room.Z, out=room.dA)
        room.dA *= np.greater(room.A, 0, out=room.is_active)
        np.matmul(room.dA, room.X, out=dW1)
        np.add.reduce(room.dA, axis=1, out=db1, keepdims=True)

    def _step(self):
        """One step of Adam, on all parameters at once."""
        self.n_steps += 1
        # The running means without their factors 1 - beta, which join the other constants.
        factor = (1 - BETA_1) / (1 - BETA_1**self.n_steps)
        root_factor = math.sqrt((1 - BETA_2) / (1 - BETA_2**self.n_steps))
        self.mean *= BETA_1
        self.mean += self.gradient
        self.square *= BETA_2
        step = self.gradient
        step *= step
        self.square += step
        np.sqrt(self.square, out=step)
        step += EPSILON / root_factor
        np.divide(self.mean, step, out=step)
        step *= self.lr * factor / root_factor
        self.params -= step


class _Room:
    """Arrays that a step with a batch of m rows fills."""

    def __init__(self, m, shape, n_classes, dtype):
        n_hidden, n_features = shape
        self.X = np.empty((m, n_features), dtype)
        self.A, self.dA = np.empty((2, n_hidden, m), dtype)
        self.is_active = np.empty((n_hidden, m), bool)
        self.Z, self.top = np.empty((n_classes, m), dtype), np.empty(m, dtype)
        self.flat_Z, self.columns = self.Z.reshape(-1), np.arange(m)
        # Zeros are zeros as integers too, and integers are counted faster.
        self.bits = self.Z.view(f"i{self.Z.itemsize}")

    def has_ties(self):
        """Whether a row has its highest score, shifted to zero, in several classes."""
        return np.count_nonzero(self.bits) + len(self.top) < self.bits.size


def _views(vector, *shapes):
    """Weights and intercepts of each layer: W1, b1, W2, b2."""
    views, start = [], 0
    for n_out, n_in in shapes:
        for n_columns in (n_in, 1):
            views.append(vector[start : start + n_out * n_columns].reshape(n_out, n_columns))
            start += n_out * n_columns
    return views
