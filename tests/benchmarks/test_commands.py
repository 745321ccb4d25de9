"""Both commands with bad arguments, full disks and interrupts."""

import doctest
import errno
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import pytest

from benchmarks import _files
from benchmarks._ending import one_line_errors
from benchmarks.reports import command as reports
from benchmarks.reports import relu_mlp
from benchmarks.speed import command as speed

ROOT = Path(__file__).parents[2]
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("module", ["datasets", "reports._markdown", "reports.relu_mlp.nets"])
def test_docstring_examples_print_what_they_state(module):
    results = doctest.testmod(import_module(f"benchmarks.{module}"))
    assert results.attempted > results.failed == 0


@pytest.mark.parametrize(
    ("main", "line", "problem"),
    [
        (reports.main, "softmax --n-jobs 0", "--n-jobs: must be 1 or more, or -1 "),
        (reports.main, "softmax --n-jobs two", "--n-jobs: must be a whole number, got 'two'"),
        (reports.main, "one_vs_rest --random-state -1", "--random-state: must be from 0 to 2147"),
        (reports.main, "softmax --search sklearn --memory a", "not allowed with argument --search"),
        (reports.main, "softmax --out {}/file", "cannot write to the directory {}/file (it is a"),
        (reports.main, "softmax --out {}", "directory {} (Permission denied): name another one"),
        (speed.main, "fit --runs 1001", "--runs: must be from 1 to 1000, got 1001"),
        (speed.main, "fit --rows 3", "--rows: must be at least 60, got 3"),
        (speed.main, "defaults --repetitions 0", "--repetitions: must be from 1 to 100"),
        (speed.main, "defaults --out {}/file/a", "cannot write to the directory {}/file/a"),
        (speed.main, "fit --json {}", "argument --json: {} is a directory: name a file"),
        (speed.main, "fit --json {}/file/a.json", "cannot write to the directory {}/file"),
    ],
)
def test_bad_arguments_are_rejected_before_any_work(
    main, line, problem, tmp_path, monkeypatch, capsys
):
    (tmp_path / "file").touch()
    denied = PermissionError(errno.EACCES, "Permission denied")  # a superuser may write anywhere
    monkeypatch.setattr(_files, "TemporaryFile", Mock(side_effect=denied))
    with pytest.raises(SystemExit) as caught:
        main(line.format(tmp_path).split())
    assert caught.value.code == 2
    output = capsys.readouterr()
    assert not output.out
    assert problem.format(tmp_path) in output.err.splitlines()[-1]


def test_reports_run_with_the_options_of_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(relu_mlp, "run", Mock())
    for line, options in (
        ("", {"n_jobs": 2, "random_state": 0, "quick": False}),
        ("--n-jobs -1 --random-state 3 --quick", {"n_jobs": -1, "random_state": 3, "quick": True}),
    ):
        reports.main(["relu_mlp", *line.split()])
        (dataset, out), found = relu_mlp.run.call_args
        assert (dataset.name, out) == ("digits", Path("report"))
        assert found == {"table": None, **options}


@pytest.fixture
def older_report(tmp_path):
    """Directory with an older report."""
    (tmp_path / "a.md").write_text("before")
    return tmp_path


def files_in(directory):
    """Return the contents of the files of a directory by their names."""
    return {path.name: path.read_text() for path in directory.iterdir()}


def stage(directory, error=None):
    """Write a text and a figure, and raise an error if any."""
    with _files.staged(directory) as staging:
        (staging / "a.md").write_text("after")
        (staging / "b.png").write_text("new")
        assert (directory / "a.md").read_text() == "before"
        if error:
            raise error


def test_staged_files_move_when_all_are_written(older_report):
    stage(older_report)
    assert files_in(older_report) == {"a.md": "after", "b.png": "new"}


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=["full disk", "interrupt"])
def test_staged_files_of_a_failed_block_are_discarded(error, older_report):
    with pytest.raises(type(error)) as caught:
        stage(older_report, error)
    assert files_in(older_report) == {"a.md": "before"}
    assert getattr(caught.value, "filename", None) in (None, str(older_report))


def test_staged_markdown_moves_last_and_errors_name_the_target(older_report):
    (older_report / "b.png").mkdir()
    with pytest.raises(OSError, match="directory") as caught:
        stage(older_report)
    assert caught.value.filename == str(older_report / "b.png")
    assert (older_report / "a.md").read_text() == "before"


def test_errors_of_files_are_one_line_and_others_keep_their_traceback():
    with pytest.raises(SystemExit, match=r"error: .*No space left on device"), one_line_errors():
        raise FULL
    with pytest.raises(RuntimeError, match="other scores"), one_line_errors():
        raise RuntimeError("other scores")


COMMAND = """
from threading import Event, Thread
from benchmarks import _ending

with _ending.one_line_errors(), _ending.uninterrupted_workers():
    from joblib import Parallel, delayed
    Parallel(n_jobs=2)(delayed(abs)(i) for i in range(2))
    print("done", end="")
    Thread(target=Event().wait).start()  # as that of a progress bar
    try:
        raise KeyboardInterrupt
    finally:
        raise KeyError("not yet set by the interrupted code")
"""


def test_interrupted_command_ends_despite_threads_and_consequent_errors():
    command = [sys.executable, "-c", COMMAND]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "done", "interrupted\n")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_interrupt_of_all_processes_is_one_line_on_how_to_resume(
    n_jobs, older_report, tmp_path_factory
):
    memory = tmp_path_factory.mktemp("memory")
    line = f"softmax --n-jobs {n_jobs} --memory {memory} --out {older_report}"
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.reports", *line.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        # A shell without job control lets its background jobs ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as command:
        end = time.monotonic() + 60
        while not any(path.is_file() for path in memory.rglob("*")):
            assert time.monotonic() < end
            time.sleep(0.01)
        os.killpg(command.pid, signal.SIGINT)  # as a terminal does
        # The pipes are closed only when all processes have ended, including workers.
        _, errors = command.communicate(timeout=60)
    assert command.returncode == 130
    assert files_in(older_report) == {"a.md": "before"}
    assert errors == f"interrupted; to resume, repeat the command with --memory {memory}\n"
