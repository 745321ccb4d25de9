r"""Fully connected networks, samples as columns.

Layer l computes :math:`Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}` and hands on
:math:`A^{[l]} = g(Z^{[l]})`; the last layer hands on its raw scores :math:`Z`.
No hidden layer gives a linear model. Parameters are a plain list of arrays,
``[W1, ..., WL, b1, ..., bL]`` or, without intercepts, ``[W1, ..., WL]``: ``W`` of
shape (n_out, n_in), ``b`` of shape (n_out, 1). A stack of M models is one more
leading axis of length M on every array, and of every result.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sklearn_softmax.activations import Relu
from sklearn_softmax.products import matmul, scores_times_rows, weights_times_rows


@dataclass(frozen=True)
class DenseNetwork:
    """A fully connected network; pure in its parameters.

    Parameters
    ----------
    layer_sizes : tuple of int
        Number of features, of units of each hidden layer, of raw scores.
    fit_intercept : bool, default=True
        Whether the layers have intercepts.
    activation : object, default=Relu()
        Activation of the hidden layers, see :mod:`sklearn_softmax.activations`.

    References
    ----------
    K. Abhishek, "Multi-class classification using softmax regression" (2021),
    equations 18 to 22.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.network import DenseNetwork
    >>> network = DenseNetwork((3, 2))
    >>> params = network.zeros(np.float64)
    >>> [p.shape for p in params]
    [(2, 3), (2, 1)]
    >>> network.scores(params, np.ones((4, 3))).shape
    (2, 4)
    """

    layer_sizes: tuple
    fit_intercept: bool = True
    activation: object = Relu()

    @cached_property
    def n_layers(self):
        """Number of weight matrices."""
        return len(self.layer_sizes) - 1

    @cached_property
    def first_layer_params(self):
        """Numbers of the parameters of the first layer: of its weights, and its intercepts."""
        return (0, self.n_layers) if self.fit_intercept else (0,)

    def weights(self, arrays):
        """Weight matrices of parameters or of a gradient."""
        return arrays[: self.n_layers]

    def shapes(self):
        """Shapes of the parameters of one model."""
        weights = [
            (n_out, n_in) for n_in, n_out in zip(self.layer_sizes[:-1], self.layer_sizes[1:])
        ]
        return weights + [(n_out, 1) for n_out, _ in weights] * self.fit_intercept

    def zeros(self, dtype, stack=()):
        """Parameters that are all zero.

        Parameters
        ----------
        dtype : dtype
        stack : tuple of int, default=()
            Leading axis: ``(M,)`` for a stack of M models.

        Returns
        -------
        params : list of ndarray
        """
        return [np.zeros((*stack, *shape), dtype) for shape in self.shapes()]

    def normal(self, rng, dtype, standard_deviation=None):
        """Parameters to start from: normal weights, and intercepts of zero.

        Parameters
        ----------
        rng : RandomState
        dtype : dtype
            What is drawn does not depend on it.
        standard_deviation : float or None, default=None
            Of all weights; None for what suits the activation and the size of each layer.

        Returns
        -------
        params : list of ndarray

        References
        ----------
        K. He et al., "Delving deep into rectifiers" (2015), equation 12; X. Glorot and
        Y. Bengio, "Understanding the difficulty of training deep feedforward neural
        networks" (2010), equation 12.
        """
        params = self.zeros(dtype)
        for W in self.weights(params):
            n_out, n_in = W.shape
            scale = standard_deviation
            if scale is None:
                scale = self.activation.weight_scale(n_in, n_out)
            W[...] = scale * rng.standard_normal(W.shape)
        return params

    def completed(self, arrays):
        """Arrays such as the parameters, in the shapes that a fitted model has.

        Parameters
        ----------
        arrays : list of ndarray

        Returns
        -------
        completed : list of ndarray
            The same: here nothing is left out in training.
        """
        return arrays

    def squared_norm(self, params):
        r"""Sum of the squared weights, :math:`\sum_l \|W^{[l]}\|^2`, of each model.

        Parameters
        ----------
        params : list of ndarray

        Returns
        -------
        squared_norm : float or ndarray of shape (M,)
        """
        return sum(
            np.sum(W * W, axis=(-2, -1), dtype=np.result_type(W, np.float64))
            for W in self.weights(params)
        )

    def forward(self, params, X, masks=None):
        """Outputs of every layer, the raw scores last.

        Parameters
        ----------
        params : list of ndarray
        X : {ndarray, CSR} of shape (m, n_features)
        masks : list of ndarray of shape (n_units, m) or None, default=None
            Factors of the units of each hidden layer, see :mod:`sklearn_softmax.dropout`.

        Returns
        -------
        outputs : list of ndarray of shape (..., n_out, m)
            Those of the hidden layers without their masks.
        """
        Z = weights_times_rows(params[0], X)
        if self.fit_intercept:
            Z += params[self.n_layers]
        return self.forward_from_first(params, Z, masks)

    def forward_from_first(self, params, Z, masks=None):
        """Outputs of every layer, from the weighted inputs of the first.

        Parameters
        ----------
        params : list of ndarray
        Z : ndarray of shape (..., n_out, m)
            :math:`Z^{[1]}`, which may be used up.
        masks : list of ndarray or None, default=None

        Returns
        -------
        outputs : list of ndarray of shape (..., n_out, m)
        """
        n_layers = self.n_layers
        outputs = [Z]
        for layer in range(1, n_layers):
            A = outputs[-1] = self.activation(Z)
            if masks is not None:
                A = A * masks[layer - 1]
            Z = matmul(params[layer], A)
            if self.fit_intercept:
                Z += params[n_layers + layer]
            outputs.append(Z)
        return outputs

    def backward(self, params, X, outputs, dZ, masks=None):
        """Gradient of all parameters from the gradient of the raw scores.

        Parameters
        ----------
        params : list of ndarray
        X : {ndarray, CSR} of shape (m, n_features)
        outputs : list of ndarray
            What :meth:`forward` returned.
        dZ : ndarray of shape (..., n_outputs, m)
            Gradient with respect to the raw scores.
        masks : list of ndarray or None, default=None
            Those of the forward pass.

        Returns
        -------
        gradient : list of ndarray
            In the order and shapes of ``params``.
        """
        n_later = self.n_layers - 1
        later, dZ = self.backward_to_first(params, outputs, dZ, masks)
        dW, db = first_layer_gradient(dZ, X)
        dW = [dW, *later[:n_later]]
        return [*dW, db, *later[n_later:]] if self.fit_intercept else dW

    def backward_to_first(self, params, outputs, dZ, masks=None):
        """Gradient of all layers but the first, and of the weighted inputs of that.

        Parameters
        ----------
        params : list of ndarray
        outputs : list of ndarray
            What :meth:`forward_from_first` returned.
        dZ : ndarray of shape (..., n_outputs, m)
            Gradient with respect to the raw scores.
        masks : list of ndarray or None, default=None

        Returns
        -------
        gradient : list of ndarray
            ``[dW2, ..., dWL, db2, ..., dbL]``.
        dZ : ndarray of shape (..., n_out, m)
            :math:`dZ^{[1]}`.
        """
        dW, db = [], []
        for layer in range(self.n_layers - 1, 0, -1):
            A = outputs[layer - 1]
            masked = A if masks is None else A * masks[layer - 1]
            dW.append(matmul(dZ, masked.swapaxes(-1, -2)))
            db.append(np.add.reduce(dZ, axis=-1, keepdims=True))
            dZ = matmul(params[layer].swapaxes(-1, -2), dZ)
            if masks is not None:
                dZ *= masks[layer - 1]
            dZ *= self.activation.derivative(A)
        return dW[::-1] + db[::-1] * self.fit_intercept, dZ

    def scores(self, params, X, block_size=1024):
        """Raw scores of any number of rows, a block at a time.

        Parameters
        ----------
        params : list of ndarray
        X : {ndarray, CSR} of shape (n_samples, n_features)
        block_size : int, default=1024
            Rows worked on at once; bounds the memory of hidden layers.

        Returns
        -------
        scores : ndarray of shape (..., n_outputs, n_samples)
        """
        blocks = range(0, X.shape[0], block_size)
        return np.concatenate(
            [self.forward(params, X[start : start + block_size])[-1] for start in blocks],
            axis=-1,
        )


def first_layer_gradient(dZ, X):
    """Gradient of the first layer's weights and intercepts, or of some units'.

    Parameters
    ----------
    dZ : ndarray of shape (..., n_units, m)
        Gradient with respect to their weighted inputs.
    X : {ndarray, CSR} of shape (m, n_features)

    Returns
    -------
    gradient : list of ndarray
        ``[dW, db]``.
    """
    return [scores_times_rows(dZ, X), np.add.reduce(dZ, axis=-1, keepdims=True)]
