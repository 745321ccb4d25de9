"""Plan of a search: groups of candidates that train together, and tasks for workers."""

from collections import Counter
from dataclasses import dataclass, field, replace
from html import escape

from sklearn_softmax.estimators._training_spec import MAX_EPOCHS
from sklearn_softmax.model_selection._candidates import Candidate, read_candidate
from sklearn_softmax.model_selection._plan_text import parameter_texts
from sklearn_softmax.model_selection._stack import model_key

# Cost of a pass over the rows in units of a model's cost: 1.7 to 3.7 for softmax regressions with
# one BLAS thread and Haswell kernels, more with several threads or AVX-512 kernels.
PASS_COST = 3


@dataclass(frozen=True)
class Group:
    """Candidates that train together on each fold.

    Parameters
    ----------
    models : tuple of tuple of int
        Indices of the candidates of each model, those with the most epochs first: they differ
        only in ``n_epochs``.
    n_epochs : tuple of int or of "auto", default=()
        Epochs after which the models are read off; empty if the candidate is fitted alone.
    shared : dict, default={}
        Searched parameters with one value for all candidates of the group.
    reason : str, default=""
        Why a candidate is fitted alone; empty if it is not.
    """

    models: tuple
    n_epochs: tuple = ()
    shared: dict = field(default_factory=dict)
    reason: str = ""

    @property
    def candidates(self):
        """Return the indices of the candidates in the search."""
        return tuple(candidate for model in self.models for candidate in model)

    @property
    def n_models(self):
        """Return the number of models."""
        return len(self.models)

    @property
    def training(self):
        """Return a text about the training of the models."""
        models = "1 model" if self.n_models == 1 else f"{self.n_models} models"
        if self.n_epochs == ("auto",):
            return f"{models}, read off when they end"
        return f"{models}, read off after {', '.join(map(str, self.n_epochs))} epochs"


@dataclass(frozen=True)
class Task:
    """Models of a group on a fold, which a worker trains in one run.

    Parameters
    ----------
    group : Group
        The group, with only the models of this task.
    fold : int
    stack : object, default=None
        Stack of the models in an earlier rung, or its name in the store; None for new models.
    """

    group: Group
    fold: int
    stack: object = None

    @property
    def cost(self):
        """Return the estimated cost, in epochs of a model."""
        n_epochs = max(map(max_epochs, self.group.n_epochs), default=1)
        return n_epochs * (PASS_COST + self.group.n_models)

    def split(self):
        """Return two tasks with half of the models each."""
        halves = self.group.models[::2], self.group.models[1::2]
        return [replace(self, group=replace(self.group, models=models)) for models in halves]


@dataclass(frozen=True, repr=False)
class Plan:
    """Groups and tasks of a search; prints one line per group, and is a table in a notebook.

    Parameters
    ----------
    groups : tuple of Group
    n_folds : int
    tasks : tuple of Task
        One per group and fold, or more if there are more workers.
    more_work : float, default=1.0
        Estimated cost of the tasks, relative to one task per group and fold.
    rungs : str, default=""
        Text about the rungs of successive halving.
    n_stored : int, default=0
        Number of fits with stored results, which are in no task.
    """

    groups: tuple
    n_folds: int
    tasks: tuple
    more_work: float = 1.0
    rungs: str = ""
    n_stored: int = 0

    @property
    def n_fits(self):
        """Return the number of fits: one per candidate and fold."""
        return self.n_folds * sum(len(group.candidates) for group in self.groups)

    @property
    def n_runs(self):
        """Return the number of runs: one per task."""
        return len(self.tasks)

    def __repr__(self):
        lines = [
            f"{n} {trained}: {how}{f' ({parameters})' if parameters else ''}"
            for n, trained, how, parameters in self._rows()
        ]
        text = "\n  ".join([f"{self._title()}:", *lines])
        return f"{text}\n{self.rungs}" if self.rungs else text

    def _repr_html_(self):
        """Return the lines as a table for notebooks."""
        header = _html_row(["candidates", "trained", "how", "with"], tag="th")
        rows = [_html_row(row) for row in self._rows()]
        parts = [f"<p>{escape(self._title())}</p>", "<table>", header, *rows, "</table>"]
        return "\n".join([*parts, f"<p>{escape(self.rungs)}</p>"] if self.rungs else parts)

    def _title(self):
        """Return the numbers of fits and runs."""
        runs = f"{self.n_folds} of each group"
        if self.more_work > 1:
            runs = f"split for all workers (about {self.more_work:.1f} times the work)"
        if self.n_stored:
            n_left = self.n_fits - self.n_stored
            return f"{self.n_fits} fits, {self.n_stored} stored, {n_left} in {self.n_runs} runs"
        return f"{self.n_fits} fits in {self.n_runs} runs, {runs}"

    def _rows(self):
        """Return one row per group, and one per reason for the candidates fitted alone."""
        groups = [group for group in self.groups if not group.reason]
        reasons = Counter(group.reason for group in self.groups if group.reason)
        rows = [
            (len(group.candidates), "together", group.training, parameters)
            for group, parameters in zip(groups, parameter_texts(groups))
        ]
        return rows + [(n, "one by one", reason, "") for reason, n in reasons.items()]


def _html_row(cells, tag="td"):
    """Return a row of a table."""
    return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"


def plan(
    estimator,
    candidates,
    n_folds,
    obstacle="",
    *,
    has_validation_rows=False,
    n_workers=1,
    stacks=None,
    stored=(),
):
    """Divide the candidates of a search into groups that train together.

    Candidates train together if they differ only in ``n_epochs`` and in parameters in which the
    models of a stack may differ.

    Parameters
    ----------
    estimator : estimator instance
        Estimator of the search: one of this package, or a pipeline that ends in one.
    candidates : list of dict
        Parameters of each candidate.
    n_folds : int
    obstacle : str, default=""
        Why no candidates can train together; empty if some can.
    has_validation_rows : bool, default=False
        Whether ``fit`` gets ``X_val``. Without it, early stopping holds out training rows, so
        that candidates with and without early stopping have different training rows.
    n_workers : int, default=1
        Tasks that can run at once.
    stacks : dict of (int, int) to object, default=None
        Stacks of candidates that resume, by candidate and fold. If not None, candidates without
        compatible ones are stacks of one model.
    stored : collection of (int, int), default=()
        Candidates and folds with stored results, which are in no task.

    Returns
    -------
    plan : Plan

    Examples
    --------
    >>> from sklearn_softmax import SoftmaxRegression
    >>> from sklearn_softmax.model_selection._plan import plan
    >>> print(plan(SoftmaxRegression(), [{"lr": 0.1}, {"lr": 1.0}, {"shuffle": False}], 3))
    9 fits in 6 runs, 3 of each group:
      2 together: 2 models, read off when they end
      1 one by one: no compatible candidate
    """
    candidates_by_key, searched_names = {}, set().union(*candidates)
    for index, params in enumerate(candidates):
        candidate = (
            Candidate(index, index, reason=obstacle)
            if obstacle
            else read_candidate(estimator, index, params, has_validation_rows)
        )
        candidates_by_key.setdefault(candidate.key, []).append(candidate)
    groups = tuple(
        _make_group(members, searched_names, stacks is not None)
        for members in candidates_by_key.values()
    )
    unsplit_tasks = [
        task
        for group in groups
        for fold in range(n_folds)
        for task in _make_tasks(group, fold, stacks or {}, stored)
    ]
    tasks = _split_tasks(unsplit_tasks, n_workers)
    unsplit_cost = max(1, sum(task.cost for task in unsplit_tasks))
    more_work = sum(task.cost for task in tasks) / unsplit_cost
    return Plan(groups, n_folds, tuple(tasks), more_work, n_stored=len(stored))


def _make_group(candidates, searched_names, resumable):
    """Return the group of compatible candidates."""
    first = candidates[0]
    if first.reason or (len(candidates) == 1 and not resumable):
        reason = first.reason or "no compatible candidate"
        return Group(((first.index,),), reason=reason)
    models = {}
    for candidate in sorted(candidates, key=lambda c: -max_epochs(c.classifier.n_epochs)):
        model = model_key(candidate.classifier, resumable)
        models.setdefault(model, []).append(candidate.index)
    n_epochs = {candidate.classifier.n_epochs for candidate in candidates}
    shared = {name: value for name, value in first.shared.items() if name in searched_names}
    return Group(tuple(map(tuple, models.values())), tuple(sorted(n_epochs)), shared)


def _make_tasks(group, fold, stacks, stored):
    """Return the tasks of a group on a fold: one, or one per stack of its models."""
    models_by_stack = {}
    for model in group.models:
        model = tuple(candidate for candidate in model if (candidate, fold) not in stored)
        if model:
            stack = stacks.get((model[0], fold))
            key = stack if isinstance(stack, str) else id(stack)
            models_by_stack.setdefault(key, (stack, []))[1].append(model)
    return [
        Task(replace(group, models=tuple(models)), fold, stack)
        for stack, models in models_by_stack.values()
    ]


def _split_tasks(tasks, n_workers):
    """Split the largest tasks until there is one per worker, or one per model."""
    tasks = list(tasks)
    while len(tasks) < n_workers:
        largest = max(tasks, key=lambda task: (task.group.n_models > 1, task.cost), default=None)
        if largest is None or largest.group.n_models == 1:
            break
        i = tasks.index(largest)
        tasks[i : i + 1] = largest.split()
    return tasks


def max_epochs(n_epochs):
    """Return the largest number of epochs if an epoch has enough steps.

    Parameters
    ----------
    n_epochs : int or "auto"

    Returns
    -------
    max_epochs : int
    """
    return MAX_EPOCHS if n_epochs == "auto" else n_epochs
