"""Published experiments reproduced, one module each; run with ``python -m benchmarks.reports``.

A module offers ``DATA``, the names of the data sets it can take (the default first), and
``run(dataset, out, *, n_jobs, random_state)``, which writes its Markdown and figures to ``out``.
One that takes more from the command line adds it with ``add_arguments(command)``; the values are
handed to ``run`` under their names.
"""
