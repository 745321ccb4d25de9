"""Reproductions of published experiments, one module each: ``python -m benchmarks.reports NAME``.

A module has ``DATA``, the names of its data sets (the default first), and
``run(dataset, out, *, n_jobs, random_state)``, which writes its Markdown and figures to ``out``.
Its optional ``add_arguments(command)`` adds command-line options, which are passed to ``run``.
"""
