r"""Fully connected networks, samples as columns.

Layer l computes :math:`Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}` and outputs
:math:`A^{[l]} = g(Z^{[l]})`; the last layer outputs the raw scores :math:`Z`. Without a hidden
layer the model is linear. M models of one network are computed together: they are the leading axis
of every array.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod

import numpy as np

from sklearn_softmax._model.activations import Relu
from sklearn_softmax._model.parameters import Parameters


class Workspace:
    """Buffers for a block of samples in a network, allocated once and reused in every step.

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
        Output of each layer.
    inputs : list of ndarray of shape (M, n_in, m)
        Input of each layer but the first: the output of the previous layer, masked by dropout.
    gradients : list of ndarray of shape (M, n_out, m)
        Gradient with respect to each output; that of the raw scores overwrites them.
    """

    def __init__(self, layers, n_samples, dtype):
        shapes = [(*W.shape[:-1], n_samples) for W in layers.weights]
        self.outputs = [np.empty(shape, dtype) for shape in shapes]
        self.inputs = [None] * len(shapes)
        self.gradients = [np.empty(shape, dtype) for shape in shapes[:-1]] + self.outputs[-1:]
        shape = *layers.input_weights.shape[:-1], n_samples
        self.first_output = self.outputs[0].reshape(shape)
        self.first_gradient = self.gradients[0].reshape(shape)


class Workspaces(dict):
    """Workspaces by number of samples, allocated on first use, and one gradient for all of them.

    Parameters
    ----------
    params : Parameters
    data_dtype : dtype
        Type of the features.

    Attributes
    ----------
    gradient : Parameters
    """

    def __init__(self, params, data_dtype):
        self.params, self.dtype = params, np.result_type(params.vector, data_dtype)
        self.gradient = params.replace_vector(np.empty(params.vector.shape, self.dtype))

    def __missing__(self, n_samples):
        self[n_samples] = Workspace(self.params, n_samples, self.dtype)
        return self[n_samples]


@dataclass(frozen=True)
class DenseNetwork:
    """A fully connected network, without its parameters.

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
    >>> network.raw_scores(params, np.ones((4, 3))).shape
    (5, 2, 4)
    """

    layer_sizes: tuple
    fit_intercept: bool = True
    activation: object = Relu()

    @cached_property
    def n_parameters(self):
        """Return the number of weights and intercepts."""
        return sum(map(prod, self.shapes()))

    def shapes(self):
        """Return the shapes of the weights of each layer, followed by those of the intercepts."""
        weights = [(n_out, n_in) for n_in, n_out in pairwise(self.layer_sizes)]
        return weights + [(n_out, 1) for n_out, _ in weights] * bool(self.fit_intercept)

    def parameters(self, dtype, n_models=1):
        """Return parameters that are all zero.

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

    def random_parameters(self, rng, dtype, standard_deviations=(None,), weight_scale=None):
        """Return initial parameters: normal weights and zero intercepts.

        The models share the random draws, each scaled by its standard deviation.

        Parameters
        ----------
        rng : RandomState
        dtype : dtype
            The random draws do not depend on it.
        standard_deviations : sequence of float or None, default=(None,)
            Standard deviation of the weights of each model; None for ``weight_scale``.
        weight_scale : callable or None, default=None
            Standard deviation as a function of the number of inputs and outputs of a layer; None
            for that of the activation.

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
            default_scale = weight_scale(n_in, n_out)
            draws = rng.standard_normal((n_out, n_in))
            for W_model, scale in zip(W, standard_deviations):
                W_model[...] = (default_scale if scale is None else scale) * draws
        return params

    def forward(self, layers, X, workspace, masks=None):
        """Return the raw scores of a block of samples.

        Parameters
        ----------
        layers : Layers
        X : {ndarray, CSR} of shape (m, n_features)
        workspace : Workspace
            For m samples; its outputs are overwritten.
        masks : list of ndarray of shape (n_units, m) or (M, n_units, m), or None, default=None
            Dropout mask of each hidden layer, see :mod:`sklearn_softmax._model.dropout`.

        Returns
        -------
        scores : ndarray of shape (M, n_outputs, m)
            The last output of the workspace.
        """
        for layer, Z in enumerate(workspace.outputs):
            if layer:
                A = self.activation(workspace.outputs[layer - 1], out=workspace.outputs[layer - 1])
                workspace.inputs[layer] = A if masks is None else A * masks[layer - 1]
                np.matmul(layers.weights[layer], workspace.inputs[layer], out=Z)
            elif isinstance(X, np.ndarray):
                np.matmul(layers.input_weights, X.T, out=workspace.first_output)
            else:
                _sparse_product(X, layers.weights[0], out=Z)
            if layers.intercepts:
                Z += layers.intercepts[layer]
        return Z

    def backward(self, layers, X, workspace, gradient, masks=None):
        """Compute the gradient with respect to the parameters by back-propagation.

        Parameters
        ----------
        layers : Layers
        X : {ndarray, CSR} of shape (m, n_features)
        workspace : Workspace
            After :meth:`forward`, with the raw scores overwritten by their gradient; overwritten.
        gradient : Parameters
            Overwritten.
        masks : list of ndarray or None, default=None
            Masks of the forward pass.
        """
        for layer in reversed(range(len(layers.weights))):
            dZ = workspace.gradients[layer]
            if gradient.intercepts:
                np.add.reduce(dZ, axis=-1, keepdims=True, out=gradient.intercepts[layer])
            if layer == 0:
                break
            A, dA = workspace.outputs[layer - 1], workspace.gradients[layer - 1]
            np.matmul(dZ, workspace.inputs[layer].swapaxes(-1, -2), out=gradient.weights[layer])
            np.matmul(layers.weights[layer].swapaxes(-1, -2), dZ, out=dA)
            if masks is not None:
                dA *= masks[layer - 1]
            self.activation.backward(dA, A)
        if isinstance(X, np.ndarray):
            np.matmul(workspace.first_gradient, X, out=gradient.input_weights)
        else:
            _sparse_product(X.T, dZ, out=gradient.weights[0])

    def raw_scores(self, layers, X, block_size=1024):
        """Return the raw scores of any number of samples, computed block by block.

        Parameters
        ----------
        layers : Layers
        X : {ndarray, CSR} of shape (n_samples, n_features)
        block_size : int, default=1024
            Samples per block; bounds the memory of hidden layers.

        Returns
        -------
        scores : ndarray of shape (M, n_outputs, n_samples)
        """
        n_samples, dtype = X.shape[0], np.result_type(layers.weights[0], X.dtype)
        scores = np.empty((*layers.weights[-1].shape[:-1], n_samples), dtype)
        for start in range(0, n_samples, block_size):
            block = slice(start, min(start + block_size, n_samples))
            workspace = Workspace(layers, block.stop - block.start, dtype)
            scores[..., block] = self.forward(layers, X[block], workspace)
        return scores


def _sparse_product(X, matrices, out):
    """Write the products matrices @ X.T to out, for a sparse X and one matrix per model."""
    product = X @ matrices.reshape(-1, matrices.shape[-1]).T
    out[...] = product.T.reshape(out.shape)
