"""What both commands do with bad arguments, full disks and interrupts."""

import doctest
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from benchmarks import _arguments, _files
from benchmarks._ending import in_one_line
from benchmarks.reports import command as reports
from benchmarks.speed import command as speed
from benchmarks.speed import perceptron

ROOT = Path(__file__).parents[2]
QUICK_SPEED = ["perceptron", "--data", "digits", "--runs", "1"]


def test_docstring_examples():
    assert doctest.testmod(_arguments).failed == 0


@pytest.mark.parametrize(
    ("main", "line", "problem"),
    [
        (reports.main, "softmax --n-jobs 0", "--n-jobs: must be 1 or more, or -1 "),
        (reports.main, "softmax --n-jobs two", "--n-jobs: must be a whole number, got 'two'"),
        (reports.main, "one_vs_rest --random-state -1", "--random-state: must be from 0 to 2147"),
        (reports.main, f"relu_mlp --random-state {2**31}", "--random-state: must be from 0"),
        (speed.main, "fit --runs 0", "--runs: must be from 1 to 1000, got 0"),
        (speed.main, "perceptron --runs 1001", "--runs: must be from 1 to 1000, got 1001"),
        (speed.main, "stack --rows 3", "--rows: must be at least 60, got 3"),
        (speed.main, "crowded --busy 0", "--busy: must be from 1 to 1000, got 0"),
        (speed.main, "search --n-jobs 1 0", "--n-jobs: must be 1 or more, or -1 "),
        (speed.main, "defaults --repetitions 0", "--repetitions: must be from 1 to 100"),
    ],
)
def test_numbers_out_of_range(main, line, problem, capsys):
    assert problem in refused(main, line.split(), capsys)


def refused(main, arguments, capsys):
    """The last line of a refusal, which comes before any work."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    output = capsys.readouterr()
    assert not output.out
    return output.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("main", "table"),
    [(reports.main, "softmax"), (speed.main, "defaults")],
    ids=["reports", "speed"],
)
def test_a_directory_that_is_a_file(main, table, tmp_path, capsys):
    path = tmp_path / "notes"
    path.write_text("mine")
    for out in (path, path / "below"):
        line = refused(main, [table, "--out", str(out)], capsys)
        assert f"argument --out: cannot write to the directory {out}" in line
    assert path.read_text() == "mine"


def test_a_directory_that_is_not_to_be_written_to(tmp_path, monkeypatch, capsys):
    def refuse(**_):  # a superuser may write anywhere
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(_files, "TemporaryFile", refuse)
    line = refused(reports.main, ["softmax", "--out", str(tmp_path)], capsys)
    assert f"{tmp_path} (Permission denied): name another one" in line
    line = refused(speed.main, ["fit", "--json", str(tmp_path / "fit.json")], capsys)
    assert f"{tmp_path} (Permission denied): name a file elsewhere" in line


def test_a_file_that_is_a_directory(tmp_path, capsys):
    line = refused(speed.main, ["fit", "--json", str(tmp_path)], capsys)
    assert f"argument --json: {tmp_path} is a directory" in line


def test_a_file_in_no_directory(tmp_path, capsys):
    line = refused(speed.main, ["fit", "--json", str(tmp_path / "none" / "fit.json")], capsys)
    assert f"argument --json: cannot write to the directory {tmp_path / 'none'}" in line


@pytest.fixture
def older_report(tmp_path):
    """Directory with a report of before."""
    (tmp_path / "one_vs_rest.md").write_text("before")
    return tmp_path


def files_of(directory):
    return {path.name: path.read_text() for path in directory.iterdir()}


def fail_at(name, error, monkeypatch):
    """Let figures be written up to one, in the middle of which an error comes."""
    savefig = Figure.savefig

    def write(figure, path, **options):
        savefig(figure, path, **options)
        if Path(path).name == name:
            raise error

    monkeypatch.setattr(Figure, "savefig", write)


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FULL, "error: {}: No space left on device"),
        (OSError("encoder error -2"), "error: {}: encoder error -2"),
        (KeyboardInterrupt(), 130),
    ],
    ids=["full disk", "another error", "interrupt"],
)
def test_an_older_report_outlives_a_new_one_that_fails(error, code, older_report, monkeypatch):
    name = "one_vs_rest_figures_1_and_4.png"
    fail_at(name, error, monkeypatch)
    arguments = ["one_vs_rest", "--n-jobs", "1", "--out", str(older_report)]
    with pytest.raises(SystemExit) as caught, in_one_line():
        reports.main(arguments)
    expected = code.format(older_report / name) if isinstance(code, str) else code
    assert caught.value.code == expected
    assert files_of(older_report) == {"one_vs_rest.md": "before"}


def test_files_move_in_when_all_are_whole(older_report):
    with _files.staged(older_report) as staging:
        (staging / "one_vs_rest.md").write_text("after")
        (staging / "figure.png").write_text("new")
        assert (older_report / "one_vs_rest.md").read_text() == "before"
    assert files_of(older_report) == {"one_vs_rest.md": "after", "figure.png": "new"}


def write_staged(directory):
    with _files.staged(directory) as staging:
        (staging / "figure.png").write_text("new")
        (staging / "one_vs_rest.md").write_text("after")


def test_a_file_that_cannot_move_in_is_named(older_report):
    (older_report / "figure.png").mkdir()
    with pytest.raises(OSError, match="directory") as caught:
        write_staged(older_report)
    assert caught.value.filename == str(older_report / "figure.png")
    assert (older_report / "one_vs_rest.md").read_text() == "before"


def write_half(path):
    with _files.replacing(path) as new:
        new.write_text("half")
        raise FULL


def test_records_that_fail_leave_older_ones(tmp_path):
    path = tmp_path / "fit.json"
    path.write_text("before")
    with pytest.raises(OSError, match="No space left") as caught:
        write_half(path)
    assert caught.value.filename == str(path)
    assert files_of(tmp_path) == {"fit.json": "before"}


def test_records_replace_what_a_link_leads_to(tmp_path):
    (tmp_path / "real.json").write_text("before")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    with _files.replacing(tmp_path / "link.json") as new:
        new.write_text("after")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "after"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_device_that_is_full(monkeypatch):
    monkeypatch.setattr(perceptron, "EPOCHS", (1,))
    with pytest.raises(SystemExit) as caught, in_one_line():
        speed.main([*QUICK_SPEED, "--json", "/dev/full"])
    assert caught.value.code == "error: /dev/full: No space left on device"
    assert Path("/dev/full").is_char_device()


def fail_after_an_interrupt():
    try:
        raise KeyboardInterrupt
    finally:
        raise KeyError("what the interrupt has kept from being made")


def test_an_error_that_an_interrupt_brings_about_is_one(capsys):
    with pytest.raises(SystemExit) as caught, in_one_line():
        fail_after_an_interrupt()
    assert (caught.value.code, capsys.readouterr().err) == (130, "interrupted\n")


COMMAND = """
import atexit, os, signal
from threading import Event, Thread
from benchmarks import _ending

with _ending.without_lingering(), _ending.in_one_line(), _ending.deaf_workers():
    from joblib import Parallel, delayed
    Parallel(n_jobs=2)(delayed(abs)(i) for i in range(2))
    print("done", end="")
    {end}
"""


@pytest.mark.parametrize(
    "end",
    [
        "raise KeyboardInterrupt",
        "Thread(target=Event().wait).start(); raise KeyboardInterrupt",
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)",
    ],
    ids=["at work", "thread without end", "Python shuts down"],
)
def test_an_interrupt_is_one_line(end):
    command = [sys.executable, "-c", COMMAND.format(end=end)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "done", "interrupted\n")


def test_other_errors_are_for_their_traceback():
    with pytest.raises(RuntimeError, match="other scores"), in_one_line():
        raise RuntimeError("other scores")


def test_another_error_of_the_system_is_told():
    with pytest.raises(SystemExit) as caught, in_one_line():
        raise OSError("no more processes")
    assert str(caught.value.code) == "error: no more processes"


def interrupted(line, older_report, has_begun):
    """Return the lines on stderr of a report that is interrupted, without those of joblib."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.reports", *line.split(), "--out", str(older_report)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        # A shell without job control has its background jobs ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as command:
        assert has_begun(command.stdout)
        os.killpg(command.pid, signal.SIGINT)  # as a terminal does
        # Only when all processes have ended, the workers too, are the pipes closed.
        _, errors = command.communicate(timeout=60)
    assert command.returncode == 130
    # Workers that have started are a line of joblib's.
    assert files_of(older_report) == {"one_vs_rest.md": "before"}
    return [line for line in errors.splitlines() if "Parallel" not in line]


POSIX = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@POSIX
def test_an_interrupt_of_all_processes_is_one_line(older_report):
    def has_begun(stdout):
        return stdout.readline().startswith("Training on 1197 images")

    assert interrupted("sigmoid_mlp --n-jobs 2", older_report, has_begun) == ["interrupted"]


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interrupted_search_says_how_to_resume(n_jobs, older_report, tmp_path_factory):
    memory = tmp_path_factory.mktemp("memory")

    def has_begun(stdout):
        end = time.monotonic() + 60
        while not any(path.is_file() for path in memory.rglob("*")) and time.monotonic() < end:
            time.sleep(0.01)
        return time.monotonic() < end

    line = f"softmax --n-jobs {n_jobs} --memory {memory}"
    resume = f"interrupted; to resume, repeat the command with --memory {memory}"
    assert interrupted(line, older_report, has_begun) == [resume]
