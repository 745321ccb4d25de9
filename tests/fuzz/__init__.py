"""Combinations of estimator, parameters, data and use, drawn at random, and laws for all of them.

``python -m tests.fuzz --n 10000 --seed 0`` tries many, the tests a few of them; ``--first 123
--n 1`` repeats the one of index 123.
"""

import warnings

from tests.fuzz.combination import draw
from tests.fuzz.laws import check
from tests.fuzz.searches import check_search, draw_search

INDICES_A_SEARCH = 25


def finding(seed, index):
    """The law that the combination of an index breaks, in a line; empty if there is none."""
    is_search = index % INDICES_A_SEARCH == INDICES_A_SEARCH - 1
    drawn = draw_search(seed, index) if is_search else (draw(seed, index),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            (check_search if is_search else check)(*drawn)
        except Exception as error:
            text = [" ".join(str(part).split()) for part in (repr(error), drawn[0])]
            return f"{index}: {text[0][:900]} | {text[1]}"
    return ""
