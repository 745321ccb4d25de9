"""``python -m tests.fuzz``: many combinations, and a list of the laws that they break."""

import argparse
import sys

from joblib import Parallel, delayed

from tests.fuzz import finding


def main():
    """Try the combinations that the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="number of combinations")
    parser.add_argument("--first", type=int, default=0, help="index of the first one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    parallel = Parallel(n_jobs=given.jobs, return_as="generator", batch_size=10)
    indices = range(given.first, given.first + given.n)
    n_broken = 0
    for found in parallel(delayed(finding)(given.seed, index) for index in indices):
        if found:
            n_broken += 1
            print(found, flush=True)
    print(f"{given.n} combinations, {n_broken} of which break a law")
    sys.exit(n_broken > 0)


if __name__ == "__main__":
    main()
