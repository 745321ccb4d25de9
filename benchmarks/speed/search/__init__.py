"""Searches: ours fused, by halving or stopped early, beside scikit-learn's and one by one."""

from benchmarks import _arguments, _ending
from benchmarks.speed.search.contest import QUICK
from benchmarks.speed.search.cut import softmax_cut
from benchmarks.speed.search.early_stopping import softmax_early_stopping
from benchmarks.speed.search.grids import net_mnist, softmax_digits, softmax_mnist
from benchmarks.speed.search.halving import net_halving, softmax_halving

PROBLEMS = {
    "mnist": softmax_mnist,
    "digits": softmax_digits,
    "net": net_mnist,
    "halving": softmax_halving,
    "net-halving": net_halving,
    "early-stopping": softmax_early_stopping,
    "cut": softmax_cut,
}


def add_arguments(parser):
    """Options of this table."""
    parser.add_argument("--data-home", metavar="DIR", help="directory of mnist.npz")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"take {QUICK:g} times the epochs, or fewer rows: a few minutes",
    )
    parser.add_argument(
        "--problem", choices=PROBLEMS, help="one of the problems (default: all, one by one)"
    )
    parser.add_argument(
        "--n-jobs",
        type=_arguments.n_jobs,
        nargs="+",
        default=[1, 2],
        metavar="N",
        help="numbers of processes to search with (default 1 2); 'cut' takes one process",
    )


def run(options):
    """Time all searches, and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``data_home``, ``quick``, ``problem`` and ``n_jobs``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``contestant``, ``seconds`` and ``best_score``, the mean score of the
        best configuration; ``n_jobs``, or ``n_threads`` of the BLAS for "cut".

    Raises
    ------
    RuntimeError
        If two searches find other scores than they should: their times then compare nothing.
    """
    records = []
    with _ending.deaf_workers():
        for name in [options.problem] if options.problem else PROBLEMS:
            try:
                problem = PROBLEMS[name](options)
            except (OSError, ValueError) as error:
                raise SystemExit(f"error: {error}") from error
            records += problem.run(options)
    return records
