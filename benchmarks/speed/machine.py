"""Description of the machine: its processor and the BLAS of NumPy."""

import platform
from pathlib import Path

import joblib
import numpy as np
from threadpoolctl import threadpool_info

CPU_INFO = Path("/proc/cpuinfo")


def description():
    """Return a line with the processor, the cores of this process and the BLAS of NumPy.

    Returns
    -------
    line : str

    Examples
    --------
    >>> from benchmarks.speed.machine import description
    >>> print(description())  # doctest: +SKIP
    AMD EPYC, cores: 2; NumPy 2.4.6 with openblas 0.3.31, kernels: Haswell, threads: 2
    """
    return f"{_processor()}, cores: {joblib.cpu_count()}; NumPy {np.__version__} with {_blas()}"


def _processor():
    """Return the name of the processor."""
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text().splitlines():
            key, _, name = line.partition(":")
            if key.strip() == "model name":
                return name.strip()
    return platform.processor() or platform.machine()


def _blas():
    """Return library, version, kernels and threads of the BLAS that NumPy uses."""
    loaded = [library for library in threadpool_info() if library["user_api"] == "blas"]
    if not loaded:
        return "a BLAS unknown to threadpoolctl"
    # SciPy's wheels contain another BLAS.
    blas = max(loaded, key=lambda library: "numpy" in library["filepath"])
    kernels = blas.get("architecture", "unknown")
    return (
        f"{blas['internal_api']} {blas['version']}, kernels: {kernels}, "
        f"threads: {blas['num_threads']}"
    )
