"""Candidates of a successive halving, followed from iteration to iteration."""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax.displays._configurations import value_text, varying

N_RESOURCES = "n_resources"


@dataclass
class Candidate:
    """A candidate of a halving.

    Parameters
    ----------
    name : str
        The parameters that tell it from the others.
    results : list of int
        Indices of its results, iteration by iteration, without those that have no score.
    """

    name: str
    results: list


class Halving:
    """The candidates of a successive halving, and how far each of them went.

    Parameters
    ----------
    configurations : list of dict of length n_results
        Parameters of the candidate of each result, and its ``n_resources``.
    iterations : array-like of shape (n_results,)
        The iteration of each result.
    means : ndarray of shape (n_results,)
        Mean scores; NaN for failed fits.

    Attributes
    ----------
    resource : str
        The parameter that is the resource; "n_samples" where no parameter is.
    resources : list of int of length n_iterations
        How much of it the candidates of each iteration had.
    iterations : ndarray of shape (n_results,)
        The iteration of each result, from 0.
    survivors : list of Candidate
        Those that have a score in the last iteration, the best first.
    dropped : list of Candidate
        The others that have a score, in their order.

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

    def __init__(self, configurations, iterations, means):
        _, firsts, self.iterations = np.unique(iterations, return_index=True, return_inverse=True)
        self.resource = _resource(configurations)
        self.resources = [configurations[first][N_RESOURCES] for first in firsts]
        candidates = self._with_scores(configurations, means)
        last = len(self.resources) - 1
        self.survivors = [c for c in candidates if self.iterations[c.results[-1]] == last]
        self.survivors.sort(key=lambda candidate: -means[candidate.results[-1]])
        self.dropped = [c for c in candidates if self.iterations[c.results[-1]] < last]

    def _with_scores(self, configurations, means):
        """The candidates that have a score in any iteration."""
        searched = [
            {n: value for n, value in params.items() if n not in (self.resource, N_RESOURCES)}
            for params in configurations
        ]
        names = varying(searched)
        candidates = []
        for indices in _followed(searched, self.iterations):
            scored = [index for index in indices if np.isfinite(means[index])]
            if scored:
                candidates.append(Candidate(_name(searched[scored[0]], names), scored))
        return candidates


def _resource(configurations):
    """The parameter that equals the resources everywhere."""
    for name in configurations[0]:
        texts = [(value_text(p.get(name)), value_text(p[N_RESOURCES])) for p in configurations]
        if name != N_RESOURCES and all(value == n_resources for value, n_resources in texts):
            return name
    return "n_samples"


def _followed(searched, iterations):
    """Indices of the results of each candidate, which its parameters tell from the others.

    Of several candidates with the same parameters, the first one in an iteration is taken for
    the first one in the next.
    """
    followed = {}
    for iteration in range(1 + max(iterations)):
        seen = {}
        for index in np.flatnonzero(iterations == iteration):
            params = repr(sorted(searched[index].items()))
            seen[params] = seen.get(params, 0) + 1
            followed.setdefault((params, seen[params]), []).append(int(index))
    return list(followed.values())


def _name(params, names):
    """The parameters by their short names, with their values."""
    given = {short: params[name] for name, short in names.items() if name in params}
    return ", ".join(f"{short}={value_text(value)}" for short, value in given.items())
