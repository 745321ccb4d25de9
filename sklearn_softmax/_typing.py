"""Types shared by annotations."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, Protocol, TypeAlias

from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
RandomSource: TypeAlias = int | RandomState | None
ClassWeight: TypeAlias = dict[Any, Any] | Literal["balanced"] | None


class SparseMatrix(Protocol):
    """A SciPy sparse matrix or array; SciPy has no annotations."""

    def tocsr(self) -> Any: ...


class Splitter(Protocol):
    """A splitter into folds, such as ``KFold``."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Any: ...


MatrixLike: TypeAlias = ArrayLike | SparseMatrix
# One estimator, or several with their names.
Estimators: TypeAlias = Any | list[Any] | dict[str, Any]
# Parameters of a search.
Grid: TypeAlias = dict[str, Any] | list[dict[str, Any]]
Scoring: TypeAlias = str | Callable[..., Any] | list[str] | tuple[str, ...] | dict[str, Any] | None
Refit: TypeAlias = bool | str | Callable[..., int]
Folds: TypeAlias = int | Splitter | Iterable[Any] | None
