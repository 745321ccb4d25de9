"""Floating-point errors that are ignored in training and predictions, and checked afterwards."""

from typing import Any

# For np.errstate: underflow is harmless; overflow is detected in the results.
SILENT: dict[str, Any] = {"over": "ignore", "under": "ignore", "invalid": "ignore"}
