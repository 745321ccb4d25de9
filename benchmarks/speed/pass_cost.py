"""What a pass over the rows costs beside the models of a stack, in models."""

from itertools import product

from benchmarks.speed import stack
from benchmarks.speed.fit import N_FEATURES, add_sizes

CLASSES, BATCH_SIZES = (4, 10), (500, 1000)
# Numbers of models in a stack: few and many of them tell the two costs apart.
GRIDS = {
    3: {"lr": stack.GRID["lr"], "reg_param": [0]},
    9: stack.GRID,
}


def add_arguments(parser):
    """Options of this table."""
    add_sizes(parser, n_runs=5)


def run(options):
    """Time an epoch of few and of many models, and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``runs`` and ``rows``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``n_classes``, ``batch_size``, ``n_threads`` (None for as many as the
        BLAS takes by itself), ``seconds``, those of an epoch by number of models, and
        ``cost_of_pass``, in models.
    """
    few, many = GRIDS
    problem = f"stack {options.rows}x{N_FEATURES}"
    print(
        f"{problem}: ms an epoch of {few} and of {many} models, which is a + b M of M models; "
        f"x time of {many // few} stacks of {few} models to one of {many}"
    )
    records = []
    for n_classes, batch_size in product(CLASSES, BATCH_SIZES):
        data = stack.make_data(options.rows, n_classes)
        measured = {
            n_models: stack.epoch_seconds(*data, batch_size, options.runs, grid)
            for n_models, grid in GRIDS.items()
        }
        for name, n_threads in stack.THREADS.items():
            seconds = {n_models: measured[n_models][name] for n_models in GRIDS}
            _print_row(f"{n_classes:2d} classes  batch {batch_size:4d}  {name:15s}", seconds)
            a, b = pass_and_model(seconds)
            records.append(
                {
                    "problem": problem,
                    "n_classes": n_classes,
                    "batch_size": batch_size,
                    "n_threads": n_threads,
                    "seconds": {str(n_models): epoch for n_models, epoch in seconds.items()},
                    "cost_of_pass": a / b,
                }
            )
    return records


def _print_row(label, seconds):
    """Print milliseconds, the ratio of the two costs, and that of several stacks to one."""
    cells = [f"{n_models} models {1e3 * epoch:6.2f}" for n_models, epoch in seconds.items()]
    a, b = pass_and_model(seconds)
    (few, of_few), (many, of_many) = seconds.items()
    cells += [f"a / b {a / b:5.2f}", f"x {many / few * of_few / of_many:.2f}"]
    print("  ".join([label, *cells]), flush=True)


def pass_and_model(seconds):
    """What an epoch costs whatever the number of models, and what each model adds.

    Parameters
    ----------
    seconds : dict of int to float
        Of an epoch, by number of models: two of them.

    Returns
    -------
    a, b : float

    Examples
    --------
    >>> from benchmarks.speed.pass_cost import pass_and_model
    >>> pass_and_model({3: 11.0, 9: 17.0})
    (8.0, 1.0)
    """
    (few, of_few), (many, of_many) = seconds.items()
    b = (of_many - of_few) / (many - few)
    return of_few - few * b, b
