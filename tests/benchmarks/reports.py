"""Helpers of the tests of reports."""

import re
from contextlib import contextmanager
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from matplotlib.image import imread

from benchmarks.datasets import load
from benchmarks.reports import _figures


def official_digits(name, n_train):
    """Return digits under the name of another data set, with its official split."""
    return replace(load("digits"), name=name, n_train=n_train)


def lines_below(markdown, caption):
    """Return the cells of the table below a caption, line by line, without its rule."""
    block = markdown.split(f"**{caption}**")[1].split("\n\n")[1]
    header, _, *lines = ([c.strip() for c in x.strip("|").split("|")] for x in block.splitlines())
    return [header, *lines]


def rows_below(markdown, caption):
    """Return the cells of the table below a caption by their first column."""
    return {first: rest for first, *rest in lines_below(markdown, caption)}


def assert_complete(out, name, numbers):
    """Assert that a report has all figures in their order, and that their files are in it."""
    text = (out / f"{name}.md").read_text()
    assert [int(n) for n in re.findall(r"\*\*Figure (\d+)", text)] == numbers
    figures = sorted(path.name for path in out.glob("*.png"))
    assert figures == sorted(re.findall(r"\]\((\w+\.png)\)", text))
    assert {path.suffix for path in out.iterdir()} <= {".md", ".png", ".gif"}
    for figure in figures:
        assert min(imread(out / figure).shape[:2]) > 300


def skip_animation(animation, path):
    """Close the figure of an animation, whose file takes seconds."""
    animation._draw_was_started = True  # no warning that it was never shown
    plt.close()


def run_report(report, dataset, out, figures, **options):
    """Run a report with the settings for digits; return its text and experiment."""
    out /= "new/directory"
    with pytest.MonkeyPatch.context() as monkeypatch:
        settings = getattr(report, "nets", report).SETTINGS
        monkeypatch.setitem(settings, dataset.name, settings["digits"])
        experiment = report.run(dataset, out, n_jobs=1, **options)
    name = report.__name__.rpartition(".")[-1]
    assert_complete(out, name, figures)
    return (out / f"{name}.md").read_text(), experiment


@contextmanager
def figures_unwritten():
    """Skip writing the files of figures, which takes most of the time of a report."""

    def skip(figure, path, text):
        plt.close(figure)
        return f"![{text}]({path.name})"

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(_figures, "write", skip)
        monkeypatch.setattr(_figures, "write_animation", skip_animation)
        yield
