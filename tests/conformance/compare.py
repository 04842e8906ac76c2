"""Compares a served answer with the library's own."""

from __future__ import annotations

import numpy as np

EQUAL = 0.0
DOT = 1e-9


def same(got: object, expected: object, tolerance: float = EQUAL) -> None:
    """Fail unless `got` (parsed JSON) is `expected` (what the library returned).

    Texts, whole numbers and booleans must be equal. Real numbers may differ by `tolerance`, relative to the larger of 1 and the
    expected value; they are compared in the library's own precision, since JSON may name an f32 by fewer digits.
    """
    expected = np.asarray(expected)
    got = np.asarray(got)
    assert got.shape == expected.shape, f"shape {got.shape} instead of {expected.shape}"
    if expected.dtype.kind != "f":
        assert got.tolist() == expected.tolist()
        return
    got = got.astype(expected.dtype)
    if tolerance == EQUAL:
        np.testing.assert_array_equal(got, expected)
    else:
        far = np.abs(got.astype(float) - expected) > tolerance * np.maximum(1, np.abs(expected))
        assert not far.any(), f"{got[far][:5]} instead of {expected[far][:5]}"
