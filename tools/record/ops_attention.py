"""Golden calls of dot_product_attention, on JAX (KERAS_BACKEND=jax); see op_recording.py."""

import numpy as np
from op_recording import b, case, f, record


def attention(*shapes, dtype="float32", **kwargs):
    """Return a call on random query, key and value of these shapes."""
    return case("dot_product_attention", *[f(*shape, dtype=dtype) for shape in shapes], **kwargs)


QUERY, KEY = (2, 3, 2, 4), (2, 5, 2, 4)
SOME = np.array([[True, False, True, False, True], [False] * 5, [True] * 5])  # the second query sees nothing

CASES = [
    attention(QUERY, KEY, KEY),
    attention((2, 3, 4, 4), KEY, KEY),
    attention((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1)),
    attention(QUERY, KEY, KEY, scale=0.3),
    attention(QUERY, KEY, KEY, is_causal=True),
    attention((2, 5, 2, 4), (2, 3, 2, 4), (2, 3, 2, 4), is_causal=True),
    *[attention(QUERY, KEY, KEY, mask=b(*shape)) for shape in ((2, 2, 3, 5), (2, 1, 3, 5))],
    attention(QUERY, KEY, KEY, mask=SOME[None, None]),
    attention(QUERY, KEY, KEY, mask=SOME[None, None], is_causal=True),
    attention(QUERY, KEY, KEY, bias=f(2, 2, 3, 5), mask=SOME[None, None]),
    *[attention(QUERY, KEY, KEY, bias=f(*shape)) for shape in ((2, 2, 3, 5), (1, 2, 1, 5), (2, 1, 3, 5))],
    attention((2, 3, 4, 4), KEY, KEY, bias=f(2, 4, 3, 5), mask=b(2, 1, 3, 5), scale=0.7),
    attention(QUERY, KEY, KEY, flash_attention=False),
    *[attention(QUERY, KEY, KEY, dtype=dtype) for dtype in ("float16", "bfloat16")],
]

if __name__ == "__main__":
    record("attention", CASES)
