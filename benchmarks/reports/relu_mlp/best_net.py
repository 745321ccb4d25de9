"""Table 8: validation and test accuracy of the best net."""

from dataclasses import replace

import numpy as np

from benchmarks.reports import _markdown, _published

SEEDS = (0, 1, 2)
PUBLISHED = 0.539, 0.538  # validation, test


def nets(settings):
    """Return the best net of the original report with each seed."""
    return [replace(settings.best, seed=seed) for seed in SEEDS]


def accuracies(e):
    """Return validation and test accuracy, of shape (n_seeds, 2)."""
    pairs = (e.parts.X_val, e.parts.y_val), (e.parts.X_test, e.parts.y_test)
    return np.array([[e.nets[net].score(*pair) for pair in pairs] for net in nets(e.settings)])


def blocks(e):
    """Return the blocks of Markdown."""
    best, found = e.settings.best, accuracies(e)
    rows = [[f"Seed {seed}", *row] for seed, row in zip(SEEDS, found.tolist())]
    rows.append(["Mean", *found.mean(axis=0).tolist()])
    if _published.are_comparable(e.dataset):
        rows.append(["Published", *PUBLISHED])
    return [
        "## The best net (conclusion)",
        f"The original report's choice: {best.hidden_size} hidden units, {best.n_iterations} "
        f"iterations, batches of {best.batch_size} rows, a learning rate of {best.lr:g}, lambda "
        f"{best.strength:g}, neither dropout nor PCA.",
        "**Table 8.** Validation and test accuracy with different random weights and shuffles.",
        _markdown.table(["", "Validation", "Test"], rows),
    ]
