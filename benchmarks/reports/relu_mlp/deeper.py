"""Table 9: nets of two to five layers."""

from benchmarks.reports import _published
from benchmarks.reports._fits import fit_all
from benchmarks.reports._progress import stage
from benchmarks.reports.relu_mlp.sweeps import NOT_LEARNING
from sklearn_softmax import TwoLayerMLPClassifier

N_EPOCHS = 10
SCALES = (1e-3, "auto")
HALF_RANGE = 127.5
PUBLISHED = {2: 0.52, 3: 0.486, 4: 0.078, 5: 0.078}  # by number of layers


def fit(settings, parts, *, n_jobs, random_state):
    """Return fitted nets by their number of layers and scale of the initial weights."""
    rows = parts.X_train / HALF_RANGE, parts.y_train, parts.X_val / HALF_RANGE, parts.y_val
    models = {
        (depth, scale): TwoLayerMLPClassifier(
            hidden_size=(settings.fifty.hidden_size,) * (depth - 1),
            weight_init=scale,
            lr=1e-3,
            batch_size=settings.fifty.batch_size,
            n_epochs=N_EPOCHS,
            random_state=random_state,
        )
        for depth in PUBLISHED
        for scale in SCALES
    }
    with stage(f"Training {len(models)} nets of {min(PUBLISHED)} to {max(PUBLISHED)} layers"):
        return fit_all(models, rows, n_jobs, ignored_warning=NOT_LEARNING)


def blocks(e):
    """Return the blocks of Markdown."""
    columns = [(scale, name) for scale in SCALES for name in ("accuracy", "val_accuracy")]
    titles = {"accuracy": "Training", "val_accuracy": "Validation"}
    header = [f"{titles[name]}, {scale}" for scale, name in columns]
    rows = (
        [
            depth,
            *(float(e.deeper[depth, scale].history_[name][-1]) for scale, name in columns),
            published,
        ]
        for depth, published in PUBLISHED.items()
    )
    return [
        "## Deeper nets (question 4c)",
        f"Nets of {min(PUBLISHED)} to {max(PUBLISHED)} layers with {e.settings.fifty.hidden_size} "
        f"units in each hidden one, trained for {N_EPOCHS} epochs by Adam in batches of "
        f"{e.settings.fifty.batch_size} rows, on pixels divided by {HALF_RANGE}. The original "
        "report states the number of epochs only. The standard deviation of the initial weights "
        f"is {SCALES[0]:g} in all layers, or He's, which depends on the size of the layer "
        '(`weight_init="auto"`).',
        "**Table 9.** Accuracy after the last epoch for both scales of the initial weights.",
        _published.table(e.dataset, ["Layers", *header, "Validation (published)"], rows),
        "The original report explains the chance level of its deepest nets by overfitting. But a "
        "net that overfits is accurate on its training rows; one that is at chance on these as "
        "well has not learned.",
    ]
