"""Ten perceptrons, then ten logistic regressions, combined to recognise handwritten digits.

Reproduces N. Hinke, "MNIST Handwritten Digits" (2022), parts 2 and 3. Figures, some of which are
tables, have the numbers of the original report.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.multiclass import OneVsRestClassifier

from benchmarks import _files
from benchmarks.datasets import Dataset
from benchmarks.reports import _figures, _markdown, _published
from benchmarks.reports._progress import stage
from benchmarks.reports._split import check_rows, first_rows, rows_text
from sklearn_softmax import BinaryPerceptron, ClassErrorDisplay, GDLogisticRegression

DATA = ("digits", "mnist")
N_TRAIN, N_TEST = 20_000, 2_000
TEST_SIZE = 0.3
PERCEPTRON = {"n_epochs": 10, "lr_decay": 0.5, "tol": None, "average": False}
LOGISTIC_REGRESSION = {
    "digits": {"n_epochs": 50, "lr": 0.1, "batch_size": 32},
    "mnist": {"n_epochs": 50, "lr": 0.1, "batch_size": 200},
}

# Published figures for MNIST: errors of the sub-classifiers in percent, their means as stated in
# the text, and errors of the combined models among 2,000 rows.
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
    """Predictions of the sub-classifiers of one kind for the test rows.

    Parameters
    ----------
    name : str
        Name of the sub-classifiers in the plural.
    classes : ndarray of shape (n_classes,)
    y_test : ndarray of shape (n_test,)
    raw_scores : ndarray of shape (n_test, n_classes)
        Above 0 if the sub-classifier of the column predicts its class.
    weight_norms : ndarray of shape (n_classes,)
        Norms of their weights without intercepts.
    """

    name: str
    classes: np.ndarray
    y_test: np.ndarray
    raw_scores: np.ndarray
    weight_norms: np.ndarray

    @cached_property
    def is_positive(self):
        """Whether each sub-classifier predicts its class, of the shape of the raw scores."""
        return self.raw_scores > 0

    @cached_property
    def sub_errors(self):
        """Error rate of each sub-classifier, of shape (n_classes,)."""
        targets = self.y_test[:, np.newaxis] == self.classes
        return np.mean(self.is_positive != targets, axis=0)

    @cached_property
    def score_errors(self):
        """Whether the class of the largest raw score is wrong, of shape (n_test,)."""
        return self.classes[self.raw_scores.argmax(axis=1)] != self.y_test

    @cached_property
    def distance_errors(self):
        """Whether the class of the largest signed distance is wrong, of shape (n_test,)."""
        distances = self.raw_scores / self.weight_norms
        return self.classes[distances.argmax(axis=1)] != self.y_test


@dataclass(frozen=True)
class Experiment:
    """All results.

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


def run(dataset, out, *, n_jobs=2, random_state=0):
    """Run the experiment, and write ``one_vs_rest.md`` with its figures.

    Parameters
    ----------
    dataset : Dataset
        "digits" or "mnist".
    out : Path
        Output directory, created if it does not exist.
    n_jobs : int, default=2
        Processes that train perceptrons.
    random_state : int, default=0
        Seed of the split, if there is no official one, and of the shuffles.

    Returns
    -------
    experiment : Experiment
    """
    X_train, X_test, y_train, y_test = first_rows(
        dataset, n_train=N_TRAIN, n_test=N_TEST, test_size=TEST_SIZE, random_state=random_state
    )
    labels = {f"first {N_TRAIN} training rows": y_train, f"first {N_TEST} test rows": y_test}
    check_rows(dataset, labels)
    combined = OneVsRestClassifier(
        BinaryPerceptron(random_state=random_state, **PERCEPTRON), n_jobs=n_jobs
    )
    with stage("Training a perceptron for each class"):
        combined.fit(X_train, y_train)
    weights = np.concatenate([model.coef_ for model in combined.estimators_])
    perceptrons = _verdicts("perceptrons", combined, weights, X_test, y_test)
    model = GDLogisticRegression(random_state=random_state, **LOGISTIC_REGRESSION[dataset.name])
    with stage("Training the logistic regressions of all classes in one pass"):
        model.fit(X_train, y_train)
    logistic_regressions = _verdicts("logistic regressions", model, model.coef_, X_test, y_test)
    experiment = Experiment(dataset, len(y_train), perceptrons, logistic_regressions)
    with stage("Writing tables and figures"), _files.staged(out) as staging:
        _markdown.write(staging / "one_vs_rest.md", _document(experiment, staging))
    print(f"Wrote {out / 'one_vs_rest.md'}")
    for verdicts in (perceptrons, logistic_regressions):
        print(
            f"{verdicts.name.capitalize()}: mean error {verdicts.sub_errors.mean():.2%}, "
            f"combined {verdicts.score_errors.mean():.2%}"
        )
    return experiment


def _verdicts(name, model, weights, X_test, y_test):
    """Return the verdicts of a fitted model."""
    norms = np.linalg.norm(weights, axis=1)
    return Verdicts(name, model.classes_, y_test, model.decision_function(X_test), norms)


def _document(e, out):
    """Return the blocks of Markdown in the original order, and write the figure to ``out``."""
    path = out / "one_vs_rest_figures_1_and_4.png"
    rows = rows_text(e.dataset, e.n_train, len(e.perceptrons.y_test), "test")
    return [
        f"# One against the rest on {e.dataset.name}",
        'This reproduces N. Hinke, "MNIST Handwritten Digits" (2022), below "the original report", '
        f"parts 2 and 3, on the data set `{e.dataset.name}`: {rows}, with pixels scaled to [0, 1]. "
        "Figures, some of which are tables, have the numbers of the original report. "
        f"{_published.explanation(e.dataset)}",
        "The class of an image is that of the most confident sub-classifier. *By score* this is "
        "the one with the largest raw score, as in `predict`; *by distance* it is the one with the "
        "largest signed distance to its decision boundary, the raw score divided by the norm of "
        "the weights, as the original report describes.",
        _figures.write(_plot_sub_errors(e), path, "Errors of the sub-classifiers"),
        "**Figure 1** (left) and **Figure 4** (right). Error rate of each sub-classifier on all "
        "test rows. It predicts its class if its raw score is above 0.",
        "## Perceptrons",
        "Ten `BinaryPerceptron`, each for one class against all others, are trained one by one "
        f"with {_settings(PERCEPTRON)} and combined by scikit-learn's `OneVsRestClassifier`. The "
        "learning rate falls from epoch to epoch, so that late mistakes change the weights less "
        "than early ones: at a constant rate the weights would never settle if no hyperplane "
        "separates a class from the rest.",
        *_blocks(e.dataset, e.perceptrons, 2),
        "## Logistic regression",
        "One `GDLogisticRegression` trains ten logistic regressions, each for one class against "
        "the rest, in the same pass over the data, with "
        f"{_settings(LOGISTIC_REGRESSION[e.dataset.name])}.",
        *_blocks(e.dataset, e.logistic_regressions, 5),
    ]


def _settings(params):
    """Return parameters as Markdown."""
    return ", ".join(f"`{name}={value}`" for name, value in params.items())


def _blocks(dataset, verdicts, number):
    """Return two figures that are tables, from a number on, and the error rates by agreement."""
    n_positive = verdicts.is_positive.sum(axis=1)
    return [
        f"**Figure {number}.** The errors of figure {number - 1} in percent.",
        _sub_error_table(dataset, verdicts),
        *_contradiction(dataset, verdicts),
        f"**Figure {number + 1}.** All sub-classifiers combined.",
        _combined_table(dataset, verdicts),
        "Number of sub-classifiers that predict their class for a row, and error rate of the "
        "combined model on these rows:",
        "\n".join(
            [
                f"- none: {_error_rate(verdicts.score_errors, n_positive == 0)}",
                f"- several: {_error_rate(verdicts.score_errors, n_positive > 1)}",
                f"- exactly one: {_error_rate(verdicts.score_errors, n_positive == 1)}",
            ]
        ),
    ]


def _sub_error_table(dataset, verdicts):
    """Return the error of each sub-classifier in percent, and their mean."""
    errors = [*verdicts.sub_errors, verdicts.sub_errors.mean()]
    published = [*REPORT_SUB_ERRORS[verdicts.name], REPORT_MEAN_SUB_ERROR[verdicts.name]]
    rows = (
        [label, f"{100 * error:.2f}", f"{figure:.2f}"]
        for label, error, figure in zip([*verdicts.classes, "Mean"], errors, published)
    )
    return _published.table(dataset, ["Class", "Error (%)", "Error (%, published)"], rows)


def _contradiction(dataset, verdicts):
    """Return a block if the published mean is not that of the published figures."""
    stated, figures = REPORT_MEAN_SUB_ERROR[verdicts.name], REPORT_SUB_ERRORS[verdicts.name]
    if not _published.are_comparable(dataset) or abs(np.mean(figures) - stated) < 0.01:
        return []
    return [
        f"The original report's text states a mean of {stated} %; its ten figures above have a "
        f"mean of {np.mean(figures):.2f} %."
    ]


def _combined_table(dataset, verdicts):
    """Return the numbers of test rows that the combined model gets wrong and right."""
    columns = [
        [errors.sum(), (~errors).sum(), f"{100 * errors.mean():.2f}"]
        for errors in (verdicts.score_errors, verdicts.distance_errors)
    ]
    titles = ["Erroneous", "Successful", "Error rate (%)"]
    rows = list(zip(titles, *columns, REPORT_COMBINED[verdicts.name]))
    return _published.table(dataset, ["", "By score", "By distance", "Published"], rows)


def _error_rate(errors, mask):
    """Return the number of rows of a mask and their error rate as text."""
    n_rows = np.count_nonzero(mask)
    text = f"{n_rows} of {len(errors)} test rows"
    return f"{text}, error rate {100 * errors[mask].mean():.1f} %" if n_rows else text


def _plot_sub_errors(e):
    """Plot the errors of both kinds of sub-classifiers, and the published ones."""
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
