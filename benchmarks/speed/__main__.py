"""Command line: ``python -m benchmarks.speed TABLE``."""

from benchmarks import _ending

if __name__ == "__main__":
    with _ending.without_lingering(), _ending.in_one_line():
        # Here, since it takes a while: an interrupt may come before it is done.
        from benchmarks.speed.command import main

        main()
