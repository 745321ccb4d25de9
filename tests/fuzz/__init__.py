"""Random combinations of estimators, parameters, data and methods, and laws that hold for all.

``python -m tests.fuzz --n 10000 --seed 0`` tries many of them, the tests try a few. ``--first 123
--n 1`` repeats the one of index 123.
"""

import warnings

from tests.fuzz.combination import draw
from tests.fuzz.laws import check
from tests.fuzz.searches import check_search, draw_search

INDICES_PER_SEARCH = 25


def find_broken_law(seed, index):
    """Return the law that the combination of an index breaks, in one line; empty if none."""
    is_search = index % INDICES_PER_SEARCH == INDICES_PER_SEARCH - 1
    combination = draw_search(seed, index) if is_search else (draw(seed, index),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            (check_search if is_search else check)(*combination)
        except Exception as error:
            law, subject = (" ".join(str(it).split()) for it in (repr(error), combination[0]))
            return f"{index}: {law[:900]} | {subject}"
    return ""
