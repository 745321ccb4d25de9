"""The README's Python runs, and prints what the README says it prints."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(python|text)\n(.*?)```", README, flags=re.DOTALL)


def test_examples():
    assert [kind for kind, _ in BLOCKS] == ["python", "text"] * (len(BLOCKS) // 2)
    namespace = {}
    for (_, code), (_, expected) in zip(BLOCKS[::2], BLOCKS[1::2]):
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), namespace)
        assert printed.getvalue().strip() == expected.strip()


def test_two_commands_are_one_line_each():
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert "benchmarks.reports softmax" in commands[0]
    assert commands[1].endswith("-m pytest -q")


def test_figures_are_there_and_small():
    figures = re.findall(r"!\[.+\]\((.+)\)", README)
    assert figures
    assert all((ROOT / name).stat().st_size < 60_000 for name in figures)
