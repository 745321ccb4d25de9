"""The Python of README and of the site's pages runs, and prints what they say it prints."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WRITTEN += sorted((ROOT / "docs" / "user_guide").glob("*.md"))
PAGES = [path for path in WRITTEN if "```python\n" in path.read_text(encoding="utf-8")]
# Libraries of a page that the package does without.
EXTRAS = {
    "deployment": ["onnxruntime", "skl2onnx", "skops"],
    "several_machines": ["distributed"],
}

EXAMPLE = re.compile(r"(?ms)^```python\n(.*?)^```$(?:\s+^```text\n(.*?)^```$)?")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_examples(page, pyplot, tmp_path, monkeypatch):
    for library in EXTRAS.get(page.stem, ()):
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    run(page)


def run(page):
    """Return the variables of a page's examples, which print what the page says."""
    text, namespace = page.read_text(encoding="utf-8"), {"__name__": "__main__"}
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("```python\n")
    assert sum(bool(expected) for _, expected in examples) == text.count("```text\n")
    for code, expected in examples:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(code, page.name, "exec"), namespace)
        assert printed.getvalue().strip() == expected.strip()
    return namespace


def test_the_search_of_the_readme_is_as_good_as_logistic_regression(pyplot):
    readme = run(ROOT / "README.md")
    reference = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": np.logspace(-3, 3, 7)},
        cv=readme["search"].cv,
    ).fit(readme["X_train"], readme["y_train"])
    assert readme["search"].best_score_ > reference.best_score_ - 0.01


def test_two_commands_are_one_line_each():
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert "benchmarks.reports softmax" in commands[0]
    assert commands[1].endswith("-m pytest -q -n auto")


def test_figures_are_there_and_small():
    figures = re.findall(r"!\[.+\]\((.+)\)", README)
    assert figures
    assert all((ROOT / name).stat().st_size < 60_000 for name in figures)
