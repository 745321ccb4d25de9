from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from threadpoolctl import threadpool_limits

from sklearn_softmax import small_kernels
from sklearn_softmax.blas_threads import one_blas_thread
from sklearn_softmax.products import matmul, scores_times_rows, weights_times_rows
from tests.helpers import equal_for_any_threads


@given(st.integers(1, 40), st.integers(1, 1100), st.integers(1, 90), st.integers(0, 3))
def test_matmul(n, length, m, n_models):
    rng = np.random.RandomState(n + length)
    stack = (n_models,) if n_models else ()
    A, B = rng.standard_normal((*stack, n, length)), rng.standard_normal((*stack, length, m))
    np.testing.assert_allclose(matmul(A, B), A @ B, rtol=1e-9, atol=1e-11)


sizes = st.one_of(st.integers(1, 40), st.sampled_from([64, 100, 256, 257, 784, 931, 1000, 1024]))


@settings(max_examples=150)
@given(sizes, sizes, st.one_of(sizes, st.integers(1, 6000)), st.booleans(), st.booleans())
def test_same_product_whatever_the_threads(n, length, m, is_double, is_transposed):
    rng = np.random.RandomState(0)
    dtype = np.float64 if is_double else np.float32
    A = rng.standard_normal((n, length)).astype(dtype)
    B = rng.standard_normal((m, length)).astype(dtype).T
    B = B if is_transposed else np.ascontiguousarray(B)
    products = []
    for n_threads in (1, 2, 3, 4):
        with threadpool_limits(n_threads):
            products.append(matmul(A, B))
    for product in products[1:]:
        equal_for_any_threads(product, products[0])


@pytest.mark.parametrize("has_small_kernels", [True, False])
@settings(max_examples=80)
@given(st.integers(0, 12), st.integers(1, 90), sizes, sizes, st.booleans(), st.booleans())
def test_products_of_rows(
    has_small_kernels, n_models, n_out, n_features, m, is_double, keeps_to_one
):
    rng = np.random.RandomState(0)
    dtype = np.float64 if is_double else np.float32
    stack = (n_models,) if n_models else ()
    n_out = -(-n_out // (n_models or 1))
    X = rng.standard_normal((m, n_features)).astype(dtype)
    W = rng.standard_normal((*stack, n_out, n_features)).astype(dtype)
    dZ = rng.standard_normal((*stack, n_out + 1, m)).astype(dtype)[..., :-1, :]
    tolerance = {"rtol": 1e-4, "atol": 1e3 * np.finfo(dtype).eps * max(m, n_features) ** 0.5}
    of_threads = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small_kernels, "_has_small_kernels", lambda: has_small_kernels)
        for n_threads in (1, 2, 3):
            with threadpool_limits(n_threads), one_blas_thread() if keeps_to_one else nullcontext():
                of_threads.append((weights_times_rows(W, X), scores_times_rows(dZ, X)))
    for scores, dW in of_threads:
        np.testing.assert_allclose(scores, W @ X.T, **tolerance)
        np.testing.assert_allclose(dW, dZ @ X, **tolerance)
        equal_for_any_threads(scores, of_threads[0][0])
        equal_for_any_threads(dW, of_threads[0][1])


@pytest.mark.parametrize("stack", [(), (3,)])
def test_sparse_rows_are_dense_rows(stack, rng):
    X = sparse.random_array((9, 5), density=0.4, rng=rng, format="csr")
    W, dZ = rng.standard_normal((*stack, 4, 5)), rng.standard_normal((*stack, 4, 9))
    for container in (sparse.csr_array, sparse.csr_matrix):
        scores, dW = weights_times_rows(W, container(X)), scores_times_rows(dZ, container(X))
        np.testing.assert_allclose(scores, weights_times_rows(W, X.toarray()), atol=1e-14)
        np.testing.assert_allclose(dW, scores_times_rows(dZ, X.toarray()), atol=1e-14)
        assert scores.flags.c_contiguous
        assert dW.flags.c_contiguous
