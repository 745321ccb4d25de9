"""``python -m tests.fuzz``: try many combinations and list the laws that they break."""

import argparse
import sys

from joblib import Parallel, delayed

from tests.fuzz import find_broken_law


def main():
    """Try the combinations of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="number of combinations")
    parser.add_argument("--first", type=int, default=0, help="index of the first one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    parallel = Parallel(n_jobs=args.jobs, return_as="generator", batch_size=10)
    indices = range(args.first, args.first + args.n)
    n_broken = 0
    for law in parallel(delayed(find_broken_law)(args.seed, index) for index in indices):
        if law:
            n_broken += 1
            print(law, flush=True)
    print(f"{args.n} combinations, {n_broken} of which break a law")
    sys.exit(n_broken > 0)


if __name__ == "__main__":
    main()
