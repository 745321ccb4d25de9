"""Command line: ``python -m benchmarks.reports``."""

from benchmarks import _ending

if __name__ == "__main__":
    with _ending.one_line_errors():
        # Imported here, so that an interrupt during the import is one line as well.
        from benchmarks.reports.command import main

        main()
