"""What a figure was measured on: the processor, and the BLAS that NumPy multiplies with."""

import platform
from pathlib import Path

import joblib
import numpy as np
from threadpoolctl import threadpool_info

CPU_INFO = Path("/proc/cpuinfo")


def description():
    """One line that names the processor, its cores and NumPy's BLAS.

    Returns
    -------
    line : str
        The cores are those that this process may use, the threads those that the BLAS
        would use for a large product.

    Examples
    --------
    >>> from benchmarks.speed.machine import description
    >>> print(description())  # doctest: +SKIP
    AMD EPYC, cores: 2; NumPy 2.4.6 with openblas 0.3.31, kernels: Haswell, threads: 2
    """
    return f"{_processor()}, cores: {joblib.cpu_count()}; NumPy {np.__version__} with {_blas()}"


def _processor():
    """Name of the processor."""
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text().splitlines():
            key, _, name = line.partition(":")
            if key.strip() == "model name":
                return name.strip()
    return platform.processor() or platform.machine()


def _blas():
    """Library, version, kernels and threads of the BLAS that NumPy uses."""
    loaded = [library for library in threadpool_info() if library["user_api"] == "blas"]
    if not loaded:
        return "a BLAS that threadpoolctl does not know"
    # SciPy's wheels bring a BLAS too; where there are two, NumPy's lies in a folder of its name.
    blas = max(loaded, key=lambda library: "numpy" in library["filepath"])
    kernels = blas.get("architecture", "unknown")
    return (
        f"{blas['internal_api']} {blas['version']}, kernels: {kernels}, "
        f"threads: {blas['num_threads']}"
    )
