r"""Fully connected networks, samples as columns.

Layer l computes :math:`Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}` and hands on
:math:`A^{[l]} = g(Z^{[l]})`; the last layer hands on its raw scores :math:`Z`.
No hidden layer gives a linear model. M models of one network are computed together: every
array has one leading axis for them.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod

import numpy as np

from sklearn_softmax._model.activations import Relu
from sklearn_softmax._model.parameters import Parameters


class Room:
    """Arrays for a block of samples in a network, made once and filled again and again.

    Parameters
    ----------
    layers : Layers
        Parameters of the network.
    n_samples : int
        Columns m of the block.
    dtype : dtype

    Attributes
    ----------
    outputs : list of ndarray of shape (M, n_out, m)
        Of each layer.
    inputs : list of ndarray of shape (M, n_in, m)
        Of each layer but the first: the outputs of the layer below, masked by dropout.
    gradients : list of ndarray of shape (M, n_out, m)
        With respect to the outputs; that of the raw scores overwrites these.
    """

    def __init__(self, layers, n_samples, dtype):
        shapes = [(*W.shape[:-1], n_samples) for W in layers.weights]
        self.outputs = [np.empty(shape, dtype) for shape in shapes]
        self.inputs = [None] * len(shapes)
        self.gradients = [np.empty(shape, dtype) for shape in shapes[:-1]] + self.outputs[-1:]
        shape = *layers.input_weights.shape[:-1], n_samples
        self.first_output = self.outputs[0].reshape(shape)
        self.first_gradient = self.gradients[0].reshape(shape)


@dataclass(frozen=True)
class DenseNetwork:
    """A fully connected network; its parameters are kept outside it.

    Parameters
    ----------
    layer_sizes : tuple of int
        Number of features, of units of each hidden layer, of raw scores.
    fit_intercept : bool, default=True
        Whether the layers have intercepts.
    activation : object, default=Relu()
        Activation of the hidden layers, see :mod:`sklearn_softmax._model.activations`.

    References
    ----------
    K. Abhishek, "Multi-class classification using softmax regression" (2021),
    equations 18 to 22.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.network import DenseNetwork
    >>> network = DenseNetwork((3, 2))
    >>> params = network.parameters(np.float64, n_models=5)
    >>> network.scores(params, np.ones((4, 3))).shape
    (5, 2, 4)
    """

    layer_sizes: tuple
    fit_intercept: bool = True
    activation: object = Relu()

    @cached_property
    def n_parameters(self):
        """Number of weights and intercepts."""
        return sum(map(prod, self.shapes()))

    def shapes(self):
        """Shapes of the weights of each layer and then, if there are any, of the intercepts."""
        weights = [(n_out, n_in) for n_in, n_out in pairwise(self.layer_sizes)]
        return weights + [(n_out, 1) for n_out, _ in weights] * bool(self.fit_intercept)

    def parameters(self, dtype, n_models=1):
        """Parameters that are all zero.

        Parameters
        ----------
        dtype : dtype
        n_models : int, default=1

        Returns
        -------
        params : Parameters
        """
        vector = np.zeros((n_models, self.n_parameters), dtype)
        return Parameters(vector, self.layer_sizes, self.fit_intercept)

    def normal(self, rng, dtype, standard_deviations=(None,), weight_scale=None):
        """Parameters to start from: normal weights, and intercepts of zero.

        All models have the same draws, each scaled by its standard deviation.

        Parameters
        ----------
        rng : RandomState
        dtype : dtype
            What is drawn does not depend on it.
        standard_deviations : sequence of float or None, default=(None,)
            Of all weights of each model; None for what suits the activation and the size of each
            layer.
        weight_scale : callable or None, default=None
            What gives the standard deviation that suits a layer; None for that of the activation.

        Returns
        -------
        params : Parameters

        References
        ----------
        K. He et al., "Delving deep into rectifiers" (2015), equation 12; X. Glorot and
        Y. Bengio, "Understanding the difficulty of training deep feedforward neural
        networks" (2010), equation 12.
        """
        params = self.parameters(dtype, len(standard_deviations))
        weight_scale = weight_scale or self.activation.weight_scale
        for W in params.weights:
            _, n_out, n_in = W.shape
            suitable = weight_scale(n_in, n_out)
            draws = rng.standard_normal((n_out, n_in))
            for W_of_model, scale in zip(W, standard_deviations):
                W_of_model[...] = (suitable if scale is None else scale) * draws
        return params

    def forward(self, layers, X, room, masks=None):
        """Raw scores of a block of samples.

        Parameters
        ----------
        layers : Layers
        X : {ndarray, CSR} of shape (m, n_features)
        room : Room
            For m samples; its outputs are written.
        masks : list of ndarray of shape (n_units, m) or (M, n_units, m), or None, default=None
            Factors of the units of each hidden layer, see :mod:`sklearn_softmax._model.dropout`.

        Returns
        -------
        scores : ndarray of shape (M, n_outputs, m)
            The last output of the room.
        """
        for layer, Z in enumerate(room.outputs):
            if layer:
                A = self.activation(room.outputs[layer - 1], out=room.outputs[layer - 1])
                room.inputs[layer] = A if masks is None else A * masks[layer - 1]
                np.matmul(layers.weights[layer], room.inputs[layer], out=Z)
            elif isinstance(X, np.ndarray):
                np.matmul(layers.input_weights, X.T, out=room.first_output)
            else:
                _sparse_product(X, layers.weights[0], out=Z)
            if layers.intercepts:
                Z += layers.intercepts[layer]
        return Z

    def backward(self, layers, X, room, gradient, masks=None):
        """Gradient of all parameters from that of the raw scores.

        Parameters
        ----------
        layers : Layers
        X : {ndarray, CSR} of shape (m, n_features)
        room : Room
            As :meth:`forward` left it, but with the raw scores overwritten by their gradient.
            Used up.
        gradient : Parameters
            Written.
        masks : list of ndarray or None, default=None
            Those of the forward pass.
        """
        for layer in reversed(range(len(layers.weights))):
            dZ = room.gradients[layer]
            if gradient.intercepts:
                np.add.reduce(dZ, axis=-1, keepdims=True, out=gradient.intercepts[layer])
            if layer == 0:
                break
            A, dA = room.outputs[layer - 1], room.gradients[layer - 1]
            np.matmul(dZ, room.inputs[layer].swapaxes(-1, -2), out=gradient.weights[layer])
            np.matmul(layers.weights[layer].swapaxes(-1, -2), dZ, out=dA)
            if masks is not None:
                dA *= masks[layer - 1]
            self.activation.backward(dA, A)
        if isinstance(X, np.ndarray):
            np.matmul(room.first_gradient, X, out=gradient.input_weights)
        else:
            _sparse_product(X.T, dZ, out=gradient.weights[0])

    def scores(self, layers, X, block_size=1024):
        """Raw scores of any number of samples, a block at a time.

        Parameters
        ----------
        layers : Layers
        X : {ndarray, CSR} of shape (n_samples, n_features)
        block_size : int, default=1024
            Samples worked on at once; bounds the memory of hidden layers.

        Returns
        -------
        scores : ndarray of shape (M, n_outputs, n_samples)
        """
        n_samples, dtype = X.shape[0], np.result_type(layers.weights[0], X.dtype)
        scores = np.empty((*layers.weights[-1].shape[:-1], n_samples), dtype)
        for start in range(0, n_samples, block_size):
            block = slice(start, min(start + block_size, n_samples))
            room = Room(layers, block.stop - block.start, dtype)
            scores[..., block] = self.forward(layers, X[block], room)
        return scores


def _sparse_product(X, stack, out):
    """Write stack @ X.T, for a sparse X and one matrix a model."""
    product = X @ stack.reshape(-1, stack.shape[-1]).T
    out[...] = product.T.reshape(out.shape)
