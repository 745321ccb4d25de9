"""Candidates of a successive halving and their results in each iteration."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sklearn_softmax._value_texts import identity
from sklearn_softmax.displays._configurations import are_numbers, configuration_names

N_RESOURCES = "n_resources"


@dataclass
class Candidate:
    """A candidate of a halving.

    Parameters
    ----------
    name : str
        The parameters that distinguish it from the others.
    results : list of int
        Indices of its results that have a score, iteration by iteration.
    """

    name: str
    results: list


class Halving:
    """The candidates of a successive halving, and the iterations that they reached.

    Parameters
    ----------
    configurations : list of dict of length n_results
        Parameters of the candidate of each result, and ``n_resources``.
    iterations : array-like of shape (n_results,)
        The iteration of each result.
    means : ndarray of shape (n_results,)
        Mean scores; NaN for failed fits.
    resource : str, default=None
        The parameter that is the resource, or "n_samples"; None to find it among the
        parameters.

    Attributes
    ----------
    resource : str
        The parameter above; if None, the one that equals ``n_resources`` in every iteration,
        or "n_samples" if there is none. "n_resources" if a parameter equals them but they are
        the same in all iterations, so that this may be chance.
    resources : list of int of length n_iterations
        Amount of the resource in each iteration.
    iterations : ndarray of shape (n_results,)
        The iteration of each result, from 0.
    survivors : list of Candidate
        Those with a score in the last iteration, the best first.
    dropped : list of Candidate
        The others with a score, in their original order.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.displays._halving import Halving
    >>> results = [(0.1, 5), (0.5, 5), (0.5, 15)]
    >>> configurations = [{"lr": lr, "n_epochs": n, "n_resources": n} for lr, n in results]
    >>> halving = Halving(configurations, [0, 0, 1], np.array([0.7, 0.8, 0.9]))
    >>> halving.resource, halving.resources
    ('n_epochs', [5, 15])
    >>> halving.survivors, halving.dropped
    ([Candidate(name='lr=0.5', results=[1, 2])], [Candidate(name='lr=0.1', results=[0])])
    """

    def __init__(self, configurations, iterations, means, resource=None):
        _, firsts, self.iterations = np.unique(iterations, return_index=True, return_inverse=True)
        self.resource = _resource(configurations) if resource is None else resource
        self.resources = [configurations[first][N_RESOURCES] for first in firsts]
        candidates = self._scored_candidates(configurations, means)
        last = len(self.resources) - 1
        self.survivors = [c for c in candidates if self.iterations[c.results[-1]] == last]
        self.survivors.sort(key=lambda candidate: -means[candidate.results[-1]])
        self.dropped = [c for c in candidates if self.iterations[c.results[-1]] < last]

    def _scored_candidates(self, configurations, means):
        """Return the candidates with a score in any iteration."""
        searched = [
            {n: value for n, value in params.items() if n not in (self.resource, N_RESOURCES)}
            for params in configurations
        ]
        names = configuration_names(searched)
        candidates = []
        for indices in _results_per_candidate(searched, self.iterations):
            scored = [index for index in indices if np.isfinite(means[index])]
            if scored:
                candidates.append(Candidate(names[scored[0]], scored))
        return candidates


def _resource(configurations):
    """Return the parameter that equals the resources, or the name of the resource."""
    equal = [
        name
        for name in configurations[0]
        if name != N_RESOURCES and all(_equals_resources(name, params) for params in configurations)
    ]
    if not equal:
        return "n_samples"
    are_constant = len({params[N_RESOURCES] for params in configurations}) == 1
    return N_RESOURCES if are_constant else equal[0]


def _equals_resources(name, params):
    return are_numbers([params.get(name)]) and params[name] == params[N_RESOURCES]


def _results_per_candidate(searched, iterations):
    """Return the indices of the results of each candidate, identified by its parameters.

    Candidates with equal parameters are matched by their order within the iterations.
    """
    indices = {}
    for iteration in range(1 + max(iterations)):
        counts = Counter()
        for index in np.flatnonzero(iterations == iteration):
            params = identity(searched[index])
            counts[params] += 1
            indices.setdefault((params, counts[params]), []).append(int(index))
    return list(indices.values())
