r"""Parameters of several models of a network: one vector per model, with its layers as views.

A vector contains the layers in order, and for each layer the rows :math:`(W_j, b_j)`, one per
output unit j. An optimizer works on whole vectors, a model is a row, and the weight matrices of
several linear models are stacked in memory, so a single matrix product serves all of them.
"""

from itertools import pairwise


class Layers:
    """Weights and intercepts of M models of a network, layer by layer.

    Parameters
    ----------
    weights : list of ndarray of shape (M, n_out, n_in)
    intercepts : list of ndarray of shape (M, n_out, 1)
        Empty without intercepts.

    Attributes
    ----------
    input_weights : ndarray of shape (M * n_out, n_in) or (M, n_out, n_in)
        Weights of the first layer, as one matrix if the memory layout permits it.
    """

    def __init__(self, weights, intercepts):
        self.weights, self.intercepts = weights, intercepts
        self.input_weights = _stack_matrices(weights[0])


class Parameters(Layers):
    """Parameters of M models, or a gradient with respect to them, as one array.

    Parameters
    ----------
    vector : ndarray of shape (M, n_parameters), C-contiguous
    layer_sizes : tuple of int
        Number of features, of units of each hidden layer, of raw scores.
    fit_intercept : bool, default=True
        Whether the layers have intercepts.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.parameters import Parameters
    >>> params = Parameters(np.zeros((1, 8)), (3, 2))
    >>> params.intercepts[0][...] = 1
    >>> params.vector
    array([[0., 0., 0., 1., 0., 0., 0., 1.]])
    """

    def __init__(self, vector, layer_sizes, fit_intercept=True):
        self.vector = vector
        self.layer_sizes, self.fit_intercept = layer_sizes, fit_intercept
        layers, start = [], 0
        for n_in, n_out in pairwise(layer_sizes):
            width = n_in + fit_intercept
            rows = vector[:, start : start + n_out * width]
            layers.append(rows.reshape(len(vector), n_out, width))
            start += n_out * width
        weights = [layer[..., :n_in] for layer, n_in in zip(layers, layer_sizes)]
        intercepts = [layer[..., n_in:] for layer, n_in in zip(layers, layer_sizes)]
        super().__init__(weights, intercepts if fit_intercept else [])

    def __reduce__(self):
        """Rebuild the layers as views of the copied vector."""
        return Parameters, (self.vector, self.layer_sizes, self.fit_intercept)

    def replace_vector(self, vector):
        """Return parameters of the same network with another vector."""
        return Parameters(vector, self.layer_sizes, self.fit_intercept)


def _stack_matrices(W):
    """Return a view of the matrices of all models as one matrix, or W if their memory has gaps."""
    n_models, n_out, n_in = W.shape
    if n_models == 1 or W.strides[0] == n_out * W.strides[1]:
        return W.reshape(n_models * n_out, n_in)
    return W
