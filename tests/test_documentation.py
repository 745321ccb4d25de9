"""The Python of README and of the site's pages runs and prints what the pages show."""

import re
import sys
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
README = ROOT / "README.md"
NOTEBOOK = ROOT / "docs" / "user_guide" / "notebook.md"
WRITTEN = {*ROOT.glob("docs/*.md"), *ROOT.glob("docs/user_guide/*.md")} - {NOTEBOOK}
PAGES = [path for path in sorted(WRITTEN) if "```python\n" in path.read_text(encoding="utf-8")]
# If one of these is missing, its example and the later ones of the page are skipped.
OPTIONAL = {"distributed", "imblearn", "onnxruntime", "shap", "skl2onnx", "skops", "skrub"}

EXAMPLE = re.compile(r"(?ms)^```python\n(.*?)^```$(?:\s+^```text\n(.*?)^```$)?")
IMPORTED = re.compile(r"(?m)^(?:import|from) (\w+)")


def read_examples(page):
    """Return each example of a page with the output that the page shows."""
    text = page.read_text(encoding="utf-8")
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("```python\n")
    assert sum(bool(expected) for _, expected in examples) == text.count("```text\n")
    return examples


def run(page):
    """Run the examples of a page, compare their outputs, and return their variables."""
    namespace = {"__name__": "__main__"}
    for code, expected in read_examples(page):
        for library in OPTIONAL.intersection(IMPORTED.findall(code)):
            pytest.importorskip(library)
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(code, page.name, "exec"), namespace)
        assert printed.getvalue().strip() == expected.strip()
    return namespace


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_examples_print_what_the_page_shows(page, pyplot, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(page)


def test_notebook_page_shows_models_plans_and_films(tmp_path, monkeypatch):
    """The kernel runs this Python, whatever kernels are installed, and writes to ``tmp_path``."""
    nbclient = pytest.importorskip("nbclient")
    for library in ("ipykernel", "ipywidgets", "pandas", "rich", "sklearn.callback"):
        pytest.importorskip(library)
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbformat.v4 import new_code_cell, new_notebook

    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    manager = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    assert manager.kernel_spec.argv[0] == sys.executable
    notebook = new_notebook(cells=[new_code_cell(code) for code, _ in read_examples(NOTEBOOK)])
    resources = {"metadata": {"path": tmp_path}}
    client = nbclient.NotebookClient(notebook, km=manager, timeout=300, resources=resources)
    client.execute(cleanup_kc=True)

    assert not [it.text for cell in notebook.cells for it in cell.outputs if "text" in it]
    outputs = {
        cell.source.splitlines()[-1]: [output.data for output in cell.outputs]
        for cell in notebook.cells
    }
    assert "SoftmaxRegression" in outputs["pipeline"][0]["text/html"]
    assert "<table>" in outputs["search.plan(X, y)"][0]["text/html"]
    (film,) = outputs["film"]  # and no figure of the last frame
    assert film["text/html"].count("data:image/png") == 4
    (bars,) = (data for line, data in outputs.items() if "ProgressBar" in line)
    assert "application/vnd.jupyter.widget-view+json" in bars[0]


def test_search_of_readme_is_as_good_as_logistic_regression(pyplot, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    readme = run(README)
    reference = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": np.logspace(-3, 3, 7)},
        cv=readme["search"].cv,
    ).fit(readme["X_train"], readme["y_train"])
    assert readme["search"].best_score_ > reference.best_score_ - 0.01


def test_readme_has_two_commands_of_one_line():
    text = README.read_text(encoding="utf-8")
    commands = [line for line in text.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert "benchmarks.reports softmax" in commands[0]
    assert commands[1].endswith("-m pytest -q -n auto")


def test_figures_of_readme_exist_and_are_small():
    figures = re.findall(r"!\[.+\]\((.+)\)", README.read_text(encoding="utf-8"))
    assert figures
    assert all((ROOT / name).stat().st_size < 60_000 for name in figures)
