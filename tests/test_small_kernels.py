"""Products in parts, and when they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from sklearn_softmax import small_kernels
from sklearn_softmax.blas_threads import one_blas_thread
from sklearn_softmax.products import weights_times_rows
from sklearn_softmax.small_kernels import in_parts, part_of, suits


@pytest.fixture
def has_small_kernels(monkeypatch):
    """Any BLAS is taken for one that has them."""
    monkeypatch.setattr(small_kernels, "_has_small_kernels", lambda: True)


@given(
    st.integers(2, 90),
    st.integers(1, 40),
    st.integers(2, 90),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_a_product_in_parts_is_the_product(n, length, m, height, width):
    rng = np.random.RandomState(n + m)
    A, B = rng.standard_normal((n, length)), rng.standard_normal((m, length))
    for factor in (B.T, np.ascontiguousarray(B.T)):
        np.testing.assert_allclose(in_parts(A, factor, height, width), A @ B.T, atol=1e-12)


def weights_and_rows(n, m, n_features=784, dtype=np.float32):
    return np.zeros((n, n_features), dtype), np.zeros((m, n_features), dtype)


@pytest.mark.usefixtures("has_small_kernels")
def test_scores_are_computed_in_parts_on_one_thread():
    W, X = weights_and_rows(64, 200)
    assert part_of(W, X.T) is None
    with one_blas_thread():
        height, width = part_of(W, X.T)
    assert height * width * 784 <= small_kernels.SMALL_KERNEL
    assert part_of(W, X[:32].T) is not None
    assert part_of(*weights_and_rows(10, 100)) is None


@pytest.mark.usefixtures("has_small_kernels")
def test_of_stacks_only_narrow_ones_are():
    W, X = weights_and_rows(36, 500)
    assert part_of(W, X.T) is None
    assert part_of(W, X.T, is_stack=True) is not None
    W, X = weights_and_rows(90, 500)
    assert part_of(W, X.T, is_stack=True) is None


@pytest.mark.usefixtures("has_small_kernels")
def test_weight_gradients_are_unless_rows_lie_far_apart():
    for n_features, is_in_parts in ((784, True), (3072, False)):
        dZ, X = np.zeros((10, 500), np.float32), np.zeros((500, n_features), np.float32)
        with one_blas_thread():
            assert (part_of(dZ, X) is not None) == is_in_parts


@pytest.mark.usefixtures("has_small_kernels")
def test_vectors_are_left_to_the_BLAS():
    W, X = weights_and_rows(1, 5000)
    with one_blas_thread():
        assert part_of(W, X.T) is None
        assert part_of(X, W.T) is None
    assert suits(2, 784, 2)
    assert not suits(1, 784, 2)


def test_nothing_is_in_parts_without_the_kernels(monkeypatch):
    monkeypatch.setattr(small_kernels, "_has_small_kernels", lambda: False)
    W, X = weights_and_rows(64, 200)
    with one_blas_thread():
        assert part_of(W, X.T) is None
    assert not suits(2, 784, 2)


@pytest.mark.parametrize(
    ("libraries", "has_them"),
    [
        ([("/lib/numpy.libs/a.so", "SkylakeX"), ("/lib/scipy.libs/b.so", "Haswell")], True),
        ([("/lib/numpy.libs/a.so", "Haswell"), ("/lib/scipy.libs/b.so", "SkylakeX")], False),
        ([("/lib/a.so", "SkylakeX"), ("/lib/b.so", "SkylakeX")], True),
        ([("/lib/a.so", "SkylakeX"), ("/lib/b.so", None)], False),
        ([], False),
    ],
)
def test_whether_there_are_kernels_is_asked_of_the_BLAS(libraries, has_them, monkeypatch):
    class Controller:
        def select(self, user_api):
            assert user_api == "blas"
            return self

        def info(self):
            return [{"filepath": path, "architecture": name} for path, name in libraries]

    monkeypatch.setattr(small_kernels, "_get_threadpool_controller", Controller)
    assert small_kernels._has_small_kernels.__wrapped__() == has_them


@pytest.mark.usefixtures("has_small_kernels")
def test_parts_do_not_depend_on_where_rows_lie():
    wide = np.zeros((500, 5000), np.float32)
    dZ = np.zeros((10, 500), np.float32)
    with one_blas_thread():
        for X in (wide[:, :784], wide[:, :784].copy()):
            assert part_of(dZ, X) is not None
            assert part_of(np.zeros((64, 784), np.float32), X.T) is not None


@pytest.mark.usefixtures("has_small_kernels")
@pytest.mark.parametrize("n", [2, 300])
def test_numbers_of_two_precisions_keep_the_higher(n, rng):
    W = rng.standard_normal((10, 784)).astype(np.float32)
    X = rng.standard_normal((n, 784))
    scores = weights_times_rows(W, X)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, W @ X.T)


@pytest.mark.usefixtures("has_small_kernels")
def test_parts_do_not_depend_on_threads():
    W, X = weights_and_rows(64, 32)
    parts = []
    for n_threads in (1, 2, 4):
        with threadpool_limits(n_threads):
            parts.append(part_of(W, X.T))
    assert parts[0] is not None
    assert len(set(parts)) == 1
