"""Searches: ours fused, by halving or with early stopping, compared with scikit-learn's."""

from benchmarks import _arguments, _ending
from benchmarks.speed.search.problems import PROBLEMS, QUICK


def add_arguments(parser):
    """Add the options of this table."""
    parser.add_argument("--data-home", metavar="DIR", help="directory of mnist.npz")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK:g} times the epochs, or fewer rows: a few minutes",
    )
    parser.add_argument("--problem", choices=PROBLEMS, help="one of the problems (default: all)")
    parser.add_argument(
        "--n-jobs",
        type=_arguments.n_jobs,
        nargs="+",
        default=[1, 2],
        metavar="N",
        help="numbers of processes of the searches (default 1 2)",
    )


def run(options):
    """Time all searches and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``data_home``, ``quick``, ``problem`` and ``n_jobs``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``contestant``, ``n_jobs``, ``seconds`` and ``best_score``, the mean
        score of the best configuration.

    Raises
    ------
    RuntimeError
        If the scores of two searches differ, so that their times are incomparable.
    """
    records = []
    with _ending.uninterrupted_workers():
        for name in [options.problem] if options.problem else PROBLEMS:
            try:
                contest = PROBLEMS[name](options)
            except (OSError, ValueError) as error:
                raise SystemExit(f"error: {error}") from error
            records += contest.run(options.n_jobs)
    return records
