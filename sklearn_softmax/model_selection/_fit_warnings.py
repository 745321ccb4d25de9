"""Warnings of fits that train together, summed up for a search."""

import re
from collections import defaultdict
from typing import NamedTuple

from sklearn_softmax._warnings import warn


class Fit(NamedTuple):
    """A candidate on a fold, with the warnings about its result."""

    candidate: int
    parameters: dict
    warnings: list


def warn_of_fits(fits):
    """Warn once of each kind of warning, with the number of fits and the first of them.

    Parameters
    ----------
    fits : list of Fit
        All fits of a search.
    """
    by_kind = defaultdict(list)
    for fit in fits:
        for warning in fit.warnings:
            by_kind[_kind(warning)].append((fit, warning))
    n_candidates = len({fit.candidate for fit in fits})
    for of_kind in by_kind.values():
        (first, warning), n_warned = of_kind[0], len({fit.candidate for fit, _ in of_kind})
        warn(
            f"{len(of_kind)} of {len(fits)} fits ({n_warned} of {n_candidates} candidates) ended "
            f"with a warning, the first one with {first.parameters}: {warning}",
            type(warning),
        )


def _kind(warning):
    """Return what warnings that differ only in their numbers share."""
    return type(warning), re.sub(r"\S*\d\S*", "", str(warning).partition(":")[0])
