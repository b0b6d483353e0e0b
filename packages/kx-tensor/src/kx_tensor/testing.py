"""Checks that every package's tests share: closeness by dtype, gradients against finite differences."""

import numpy as np

from kx_tensor import device as devices
from kx_tensor import dtypes, tape
from kx_tensor.gradients import gradients
from kx_tensor.tensor import Tensor

# Relative and absolute tolerance for a result computed in each dtype against a float64 reference.
TOLERANCE = {"float64": 1e-10, "float32": 2e-5, "float16": 5e-3, "bfloat16": 4e-2}


def assert_close(actual, expected, dtype="float32", tol=None, what=""):
    """Assert that shapes agree and values are within `tol`, or the tolerance of `dtype`.

    >>> assert_close([1.0], [1.0 + 1e-6])
    """
    actual = _to_numpy(actual)
    expected = _to_numpy(expected)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    if actual.dtype.kind in "biuSUO":
        np.testing.assert_array_equal(actual, expected, err_msg=what)
        return
    tol = tol or TOLERANCE.get(dtype, 2e-5)
    wide = np.complex128 if actual.dtype.kind == "c" else np.float64
    np.testing.assert_allclose(actual.astype(wide), expected.astype(wide), rtol=tol, atol=tol, err_msg=what)


def _to_numpy(x):
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)


def leaf_tensor(array, device=None):
    """Return `array` as a tensor that gradients can be taken of, on `device` (default: the current one)."""
    device = device or devices.current()
    raw = device.asarray(array)
    node = (
        tape.leaf(raw.shape, raw.dtype, device) if dtypes.is_float_dtype(dtypes.name_of(raw.dtype)) else None
    )
    return Tensor(raw, node, device)


def check_grad(fn, *arrays, order=2, eps=1e-6, tol=1e-5, seed=0):
    """Check the derivatives of `fn` at float64 `arrays` along one random direction by central differences.

    `fn` maps tensors to a tensor or a tuple of them. With `order` 2 the gradient's own derivative is checked too. Only
    float arrays are perturbed.

    >>> check_grad(lambda x: x * x * x, np.array([1.0, 2.0]))
    """
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(a) for a in arrays]
    moving = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    directions = {i: rng.standard_normal(arrays[i].shape) for i in moving}
    cotangents = []

    def project(tensors):
        outs = fn(*tensors)
        outs = [
            o
            for o in (outs if isinstance(outs, (tuple, list)) else (outs,))
            if dtypes.is_float_dtype(o.dtype)
        ]
        while len(cotangents) < len(outs):
            cotangents.append(rng.standard_normal(outs[len(cotangents)].shape))
        total = None
        for out, c in zip(outs, cotangents):
            part = (out * out.device.asarray(c, out.data.dtype)).sum()
            total = part if total is None else total + part
        return total

    _compare_slopes(project, arrays, directions, eps, tol, "first derivative")
    if order > 1:
        second = {i: rng.standard_normal(arrays[i].shape) for i in moving}

        def slope(tensors):
            sources = [tensors[i] for i in moving]
            found = gradients(project(tensors), sources, record=True)
            total = None
            for i, g in zip(moving, found):
                if g is not None:
                    part = (g * g.device.asarray(directions[i])).sum()
                    total = part if total is None else total + part
            return total if total is not None else tensors[moving[0]].sum() * 0.0

        _compare_slopes(slope, arrays, second, eps, tol * 10, "second derivative")


def _compare_slopes(project, arrays, directions, eps, tol, what):
    leaves = [leaf_tensor(a) for a in arrays]
    value = project(leaves)
    found = gradients(value, [leaves[i] for i in directions], record=False)
    analytic = sum(
        float((_to_numpy(g).astype(np.float64) * d).sum())
        for g, d in zip(found, directions.values())
        if g is not None
    )
    ends = []
    for sign in (1, -1):
        moved = [
            leaf_tensor(a + sign * eps * directions[i]) if i in directions else leaf_tensor(a)
            for i, a in enumerate(arrays)
        ]
        ends.append(float(_to_numpy(project(moved)).item()))
    numeric = (ends[0] - ends[1]) / (2 * eps)
    scale = max(1.0, abs(analytic), abs(numeric))
    assert abs(analytic - numeric) <= tol * scale * 10, (
        f"{what}: {analytic} by the rules, {numeric} by differences"
    )
