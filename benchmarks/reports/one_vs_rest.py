"""Ten perceptrons, then ten logistic regressions, combined to recognise handwritten digits.

Reproduces N. Hinke, "MNIST Handwritten Digits" (2022), parts 2 and 3. Figures, some of
which are tables, bear the numbers that they have there.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.multiclass import OneVsRestClassifier

from benchmarks import _files
from benchmarks.datasets import Dataset
from benchmarks.reports import _figures, _markdown, _published
from benchmarks.reports._progress import stage
from benchmarks.reports._split import check_rows, first_rows
from sklearn_softmax import BinaryPerceptron, ClassErrorDisplay, GDLogisticRegression

DATA = ("digits", "mnist")
N_TRAIN, N_TEST = 20_000, 2_000
TEST_SIZE = 0.3
PERCEPTRON = {"n_epochs": 10, "lr_decay": 0.5, "tol": None, "average": False}
LOGISTIC_REGRESSION = {
    "digits": {"n_epochs": 50, "lr": 0.1, "batch_size": 32},
    "mnist": {"n_epochs": 50, "lr": 0.1, "batch_size": 200},
}

# The published figures, all of them for MNIST: errors of the sub-classifiers in percent, their
# means as its text states them, and errors of the combined models among 2,000 rows.
REPORT_SUB_ERRORS = {
    "perceptrons": (2.15, 0.55, 2.70, 3.65, 2.55, 3.30, 2.70, 3.90, 11.35, 6.15),
    "logistic regressions": (1.35, 0.90, 2.75, 3.70, 2.15, 3.00, 2.60, 3.45, 7.00, 4.95),
}
REPORT_MEAN_SUB_ERROR = {"perceptrons": 3.51, "logistic regressions": 3.19}
REPORT_COMBINED = {
    "perceptrons": (316, 1684, "15.8"),
    "logistic regressions": (243, 1757, "12.2"),
}


@dataclass(frozen=True)
class Verdicts:
    """What the sub-classifiers of one kind say of the test rows.

    Parameters
    ----------
    name : str
        What the sub-classifiers are, in the plural.
    classes : ndarray of shape (n_classes,)
    y_test : ndarray of shape (n_test,)
    scores : ndarray of shape (n_test, n_classes)
        Above 0 where the sub-classifier of the column says yes.
    weight_norms : ndarray of shape (n_classes,)
        Norms of their weights, intercepts left out.
    """

    name: str
    classes: np.ndarray
    y_test: np.ndarray
    scores: np.ndarray
    weight_norms: np.ndarray

    @cached_property
    def says_yes(self):
        """Whether each sub-classifier takes each row for its class; of the scores' shape."""
        return self.scores > 0

    @cached_property
    def sub_errors(self):
        """Share of the rows on which each sub-classifier errs, of shape (n_classes,)."""
        belongs = self.y_test[:, np.newaxis] == self.classes
        return np.mean(self.says_yes != belongs, axis=0)

    @cached_property
    def errs_by_score(self):
        """Whether the class of the largest score is wrong, of shape (n_test,)."""
        return self.classes[self.scores.argmax(axis=1)] != self.y_test

    @cached_property
    def errs_by_distance(self):
        """Whether the class of the largest signed distance is wrong, of shape (n_test,)."""
        distances = self.scores / self.weight_norms
        return self.classes[distances.argmax(axis=1)] != self.y_test


@dataclass(frozen=True)
class Experiment:
    """All that the tables and figures are made of.

    Parameters
    ----------
    dataset : Dataset
    n_train : int
        Number of training rows.
    perceptrons, logistic_regressions : Verdicts
    """

    dataset: Dataset
    n_train: int
    perceptrons: Verdicts
    logistic_regressions: Verdicts


def run(dataset, out, *, n_jobs=2, random_state=0, perceptron=None, logistic_regression=None):
    """Do the experiment, and write ``one_vs_rest.md`` with its figures.

    Parameters
    ----------
    dataset : Dataset
        "digits" or "mnist".
    out : Path
        Directory to write to, made where there is none.
    n_jobs : int, default=2
        Processes that train perceptrons.
    random_state : int, default=0
        Seed of the split, where there is no official one, and of the shuffles.
    perceptron, logistic_regression : dict, default=None
        Parameters of the estimators; None for ``PERCEPTRON`` and, by the name of the data
        set, ``LOGISTIC_REGRESSION``.

    Returns
    -------
    experiment : Experiment
    """
    perceptron = perceptron or PERCEPTRON
    logistic_regression = logistic_regression or LOGISTIC_REGRESSION[dataset.name]
    X_train, X_test, y_train, y_test = first_rows(
        dataset, n_train=N_TRAIN, n_test=N_TEST, test_size=TEST_SIZE, random_state=random_state
    )
    labels = {f"first {N_TRAIN} training rows": y_train, f"first {N_TEST} test rows": y_test}
    check_rows(dataset, labels)
    combined = OneVsRestClassifier(
        BinaryPerceptron(random_state=random_state, **perceptron), n_jobs=n_jobs
    )
    with stage("Training a perceptron for each class"):
        combined.fit(X_train, y_train)
    weights = np.concatenate([one.coef_ for one in combined.estimators_])
    perceptrons = _verdicts("perceptrons", combined, weights, X_test, y_test)
    model = GDLogisticRegression(random_state=random_state, **logistic_regression)
    with stage("Training the logistic regressions of all classes in one pass"):
        model.fit(X_train, y_train)
    logistic_regressions = _verdicts("logistic regressions", model, model.coef_, X_test, y_test)
    experiment = Experiment(dataset, len(y_train), perceptrons, logistic_regressions)
    with stage("Writing tables and figures"), _files.staged(out) as staging:
        document = _document(experiment, staging, perceptron, logistic_regression)
        _markdown.write(staging / "one_vs_rest.md", document)
    print(f"Wrote {out / 'one_vs_rest.md'}")
    for verdicts in (perceptrons, logistic_regressions):
        print(
            f"{verdicts.name.capitalize()}: mean error {verdicts.sub_errors.mean():.2%}, "
            f"combined {verdicts.errs_by_score.mean():.2%}"
        )
    return experiment


def _verdicts(name, model, weights, X_test, y_test):
    norms = np.linalg.norm(weights, axis=1)
    return Verdicts(name, model.classes_, y_test, model.decision_function(X_test), norms)


def _document(e, out, perceptron, logistic_regression):
    """Blocks of Markdown in the original report's order; the figures are written to ``out``."""
    return [
        f"# One against the rest on {e.dataset.name}",
        _introduction(e),
        "The class of an image is that of the most confident sub-classifier. *By score* this is "
        "the one with the largest raw score, which is what `predict` goes by; *by distance* it is "
        "the one with the largest signed distance to its decision boundary, the score divided by "
        "the norm of the weights, which is what the original report describes.",
        *_errors_side_by_side(e, out),
        "## Perceptrons",
        "Ten `BinaryPerceptron`, each of which tells one class from all others, are trained one "
        f"by one with {_settings(perceptron)} and combined by scikit-learn's "
        "`OneVsRestClassifier`. The learning rate falls from epoch to epoch, so that late mistakes "
        "do not move the weights as far as early ones: at a constant rate they would never settle "
        "where no hyperplane separates a class from the rest.",
        *_part(e, e.perceptrons, 2),
        "## Logistic regression",
        "One `GDLogisticRegression` trains ten logistic regressions, one against the rest, in the "
        f"same pass over the data, with {_settings(logistic_regression)}.",
        *_part(e, e.logistic_regressions, 5),
    ]


def _introduction(e):
    rows = (
        f"{e.n_train} images to train and {len(e.perceptrons.y_test)} to test, shuffled and with "
        "the same share of each class in both"
        if e.dataset.n_train is None
        else f"the first {e.n_train} training images and the first {len(e.perceptrons.y_test)} "
        "test images"
    )
    return (
        'This reproduces N. Hinke, "MNIST Handwritten Digits" (2022), below "the original report", '
        f"parts 2 and 3, on the data set `{e.dataset.name}`: {rows}, with pixels scaled to [0, 1]. "
        "Figures, some of which are tables, bear the numbers that they have there. "
        f"{_published.explanation(e.dataset)}"
    )


def _settings(params):
    return ", ".join(f"`{name}={value}`" for name, value in params.items())


def _errors_side_by_side(e, out):
    """Figures 1 and 4, which are one here."""
    path = out / "one_vs_rest_figures_1_and_4.png"
    return [
        _figures.write(_plot_sub_errors(e), path, "Errors of the sub-classifiers"),
        "**Figure 1** (left) and **Figure 4** (right). Error of each sub-classifier: the share of "
        "all test rows that it takes for its class without being of it, or the reverse. It says "
        "yes where its score is above 0.",
    ]


def _part(e, verdicts, number):
    """Two figures that are tables, from that number on, and where sub-classifiers disagree."""
    return [
        f"**Figure {number}.** The errors of figure {number - 1} in percent.",
        _sub_error_table(e.dataset, verdicts),
        *_contradiction(e.dataset, verdicts),
        f"**Figure {number + 1}.** All sub-classifiers combined.",
        _combined_table(e.dataset, verdicts),
        _disagreements(verdicts),
    ]


def _sub_error_table(dataset, verdicts):
    """Error of each sub-classifier in percent, and their mean."""
    errors = [*verdicts.sub_errors, verdicts.sub_errors.mean()]
    published = [*REPORT_SUB_ERRORS[verdicts.name], REPORT_MEAN_SUB_ERROR[verdicts.name]]
    rows = (
        [label, f"{100 * error:.2f}", f"{figure:.2f}"]
        for label, error, figure in zip([*verdicts.classes, "Mean"], errors, published)
    )
    return _published.table(dataset, ["Class", "Error (%)", "Error (%, published)"], rows)


def _contradiction(dataset, verdicts):
    """A block for where the original report's mean is not that of its own figures."""
    stated, figures = REPORT_MEAN_SUB_ERROR[verdicts.name], REPORT_SUB_ERRORS[verdicts.name]
    if not _published.are_comparable(dataset) or abs(np.mean(figures) - stated) < 0.01:
        return []
    return [
        f"The original report's text states a mean of {stated} %; its ten figures above have a "
        f"mean of {np.mean(figures):.2f} %."
    ]


def _combined_table(dataset, verdicts):
    """Numbers of test rows that the combined model gets wrong and right."""
    by_score, by_distance = (
        [errs.sum(), (~errs).sum(), f"{100 * errs.mean():.2f}"]
        for errs in (verdicts.errs_by_score, verdicts.errs_by_distance)
    )
    titles = ["Erroneous", "Successful", "Error rate (%)"]
    return _published.table(
        dataset,
        ["", "By score", "By distance", "Published"],
        list(zip(titles, by_score, by_distance, REPORT_COMBINED[verdicts.name])),
    )


def _disagreements(verdicts):
    """How the combined model fares where not exactly one sub-classifier says yes."""
    n_yes = verdicts.says_yes.sum(axis=1)
    return "\n".join(
        [
            "How many sub-classifiers say yes to a row, and how often the largest score is then "
            "wrong:",
            "",
            f"- none: {_error_rate(verdicts.errs_by_score, n_yes == 0)}",
            f"- several: {_error_rate(verdicts.errs_by_score, n_yes > 1)}",
            f"- exactly one: {_error_rate(verdicts.errs_by_score, n_yes == 1)}",
        ]
    )


def _error_rate(errs, chosen):
    n_chosen = np.count_nonzero(chosen)
    rows = f"{n_chosen} of {len(errs)} test rows"
    return f"{rows}, error rate {100 * errs[chosen].mean():.1f} %" if n_chosen else rows


def _plot_sub_errors(e):
    """Bars for the sub-classifiers of both kinds (left, right), beside those published."""
    figure = _figures.new_figure(9.6, 4.2)
    axes = figure.subplots(ncols=2, sharey=True)
    for ax, verdicts in zip(axes, (e.perceptrons, e.logistic_regressions)):
        errors = {"here": verdicts.sub_errors}
        if _published.are_comparable(e.dataset):
            errors["published"] = np.divide(REPORT_SUB_ERRORS[verdicts.name], 100)
        ClassErrorDisplay(errors=errors, classes=verdicts.classes).plot(ax)
        ax.set_title(verdicts.name.capitalize())
    axes[1].set_ylabel("")
    return figure
