"""One summary per kind of warning of the fits that train together."""

import re
from collections import defaultdict
from typing import NamedTuple

from sklearn_softmax._warnings import warn


class Fit(NamedTuple):
    """A candidate on a fold, with the warnings of its fit."""

    candidate: int
    parameters: dict
    warnings: list


def warn_of_fits(fits):
    """Warn once per kind of warning, with the number of fits and the parameters of the first.

    Parameters
    ----------
    fits : list of Fit
        All fits of a search.
    """
    warnings_by_kind = defaultdict(list)
    for fit in fits:
        for warning in fit.warnings:
            warnings_by_kind[_kind(warning)].append((fit, warning))
    n_candidates = len({fit.candidate for fit in fits})
    for group in warnings_by_kind.values():
        (first, warning), n_warned = group[0], len({fit.candidate for fit, _ in group})
        warn(
            f"{len(group)} of {len(fits)} fits ({n_warned} of {n_candidates} candidates) ended "
            f"with a warning, the first one with {first.parameters}: {warning}",
            type(warning),
        )


def _kind(warning):
    """Return a key that is equal for warnings that differ only in numbers."""
    return type(warning), re.sub(r"\S*\d\S*", "", str(warning).partition(":")[0])
