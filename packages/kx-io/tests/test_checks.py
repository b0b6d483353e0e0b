"""The checks: what they accept, and the words they say it in."""

import numpy as np
import pytest

from kx_io import each, fraction, instance_of, non_negative, one_of, positive


@pytest.mark.parametrize(
    ("check", "accepted", "refused"),
    [
        (positive, [1, 0.5, np.float32(2)], [0, -1, float("nan"), "3", None, [1], np.array([1, 2])]),
        (non_negative, [0, 0.0, 3], [-1e-9, None]),
        (fraction, [0, 0.3, 1], [-0.1, 1.1, float("nan")]),
        (one_of("same", "valid"), ["same", "valid"], ["SAME", None, 0, ["same"]]),
        (one_of(None, 0), [None, 0], [False, ""]),
        (each(positive), [(1, 2), [3], ()], [(1, 0), 3, "ab"]),
        (instance_of(str, int), ["x", 1], [1.5, None]),
        (positive | one_of("auto"), [1, "auto"], [0, "all"]),
        (positive & fraction, [0.5, 1], [0, 2]),
    ],
)
def test_accepts_and_refuses(check, accepted, refused):
    assert [x for x in accepted if not check(x)] == []
    assert [x for x in refused if check(x)] == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (positive, "a positive {number}"),
        (one_of("a"), "'a'"),
        (one_of("a", "b", None), "'a', 'b' or None"),
        (positive | one_of("auto"), "a positive {number} or 'auto'"),
        (each(non_negative), "a sequence whose every element is a non-negative {number}"),
    ],
)
def test_words(check, text):
    assert check.expected == text
    assert repr(check) == f"<Check: {text}>"
