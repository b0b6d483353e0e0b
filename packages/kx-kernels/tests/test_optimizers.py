"""The optimizer kernels against the formulas in NumPy, and the ways in which gradients come."""

from types import SimpleNamespace

import numpy as np
import pytest

from kx_kernels import optimizer_step, sum_squares


def momentum(p, g, rate, momentum, m):
    m = momentum * m - rate * g
    return p + m, m


def nesterov(p, g, rate, momentum, m):
    m = momentum * m - rate * g
    return p + momentum * m - rate * g, m


def adam(p, g, alpha, b1, r1, b2, r2, eps, m, v):
    m, v = b1 * m + r1 * g, b2 * v + r2 * g * g
    return p - alpha * m / (np.sqrt(v) + eps), m, v


def amsgrad(p, g, alpha, b1, r1, b2, r2, eps, m, v, top):
    m, v = b1 * m + r1 * g, b2 * v + r2 * g * g
    top = np.maximum(top, v)
    return p - alpha * m / (np.sqrt(top) + eps), m, v, top


def adamax(p, g, alpha, b1, r1, b2, eps, m, u):
    m, u = b1 * m + r1 * g, np.maximum(b2 * u, np.abs(g))
    return p - alpha * m / (u + eps), m, u


def nadam(p, g, of_m, of_g, b1, r1, b2, r2, correction, eps, m, v):
    m, v = b1 * m + r1 * g, b2 * v + r2 * g * g
    return p - (of_m * m + of_g * g) / (np.sqrt(correction * v) + eps), m, v


def adagrad(p, g, rate, eps, a):
    a = a + g * g
    return p - rate * g / np.sqrt(a + eps), a


def adadelta(p, g, rate, rho, rest, eps, a, b):
    a = rho * a + rest * g * g
    delta = g * np.sqrt((b + eps) / (a + eps))
    return p - rate * delta, a, rho * b + rest * delta * delta


def rmsprop(p, g, rate, rho, rest, momentum, eps, v):
    v = rho * v + rest * g * g
    return p - rate * g / np.sqrt(v + eps), v


def rmsprop_momentum(p, g, rate, rho, rest, momentum, eps, v, m):
    v = rho * v + rest * g * g
    m = momentum * m + rate * g / np.sqrt(v + eps)
    return p - m, v, m


def rmsprop_centered(p, g, rate, rho, rest, momentum, eps, v, mean):
    v, mean = rho * v + rest * g * g, rho * mean + rest * g
    return p - rate * g / np.sqrt(v - mean * mean + eps), v, mean


def rmsprop_momentum_centered(p, g, rate, rho, rest, momentum, eps, v, m, mean):
    v, mean = rho * v + rest * g * g, rho * mean + rest * g
    m = momentum * m + rate * g / np.sqrt(v - mean * mean + eps)
    return p - m, v, m, mean


def ftrl(p, g, inverse_rate, power, l1, curvature, shrinkage, a, z):
    old, a = a, a + g * g
    z = z + g + shrinkage * p - (a**power - old**power) * inverse_rate * p
    return (np.clip(z, -l1, l1) - z) / (a**power * inverse_rate + curvature), a, z


def lion(p, g, rate, b1, r1, b2, r2, m):
    return p - rate * np.sign(b1 * m + r1 * g), b2 * m + r2 * g


def schedule_free(p, g, rate, b1, r1, b2, r2, of_root, eps, share, z, v):
    v = b2 * v + r2 * g * g
    x = (p - r1 * z) / b1
    z = z - rate * g / (np.sqrt(v) * of_root + eps)
    x = x + share * (z - x)
    return b1 * x + r1 * z, z, v


def lamb(p, g, rate, b1, r1, b2, r2, of_m, of_root, eps, m, v):
    m, v = b1 * m + r1 * g, b2 * v + r2 * g * g
    r = of_m * m / (np.sqrt(v) * of_root + eps)
    size, reach = np.linalg.norm(p), np.linalg.norm(r)
    return p - rate * (size / reach if size > 0 and reach > 0 else 1.0) * r, m, v


BETAS = [0.9, 0.1, 0.99, 0.01]
RULES = {
    "sgd": (lambda p, g, rate, momentum: (p - rate * g,), [0.1, 0.0]),
    "sgd_nesterov": (lambda p, g, rate, momentum: (p - rate * g,), [0.1, 0.0]),
    "sgd_momentum": (momentum, [0.1, 0.9]),
    "sgd_momentum_nesterov": (nesterov, [0.1, 0.9]),
    "adam": (adam, [0.1, *BETAS, 1e-5]),
    "adam_amsgrad": (amsgrad, [0.1, *BETAS, 1e-5]),
    "adamax": (adamax, [0.1, 0.9, 0.1, 0.99, 1e-5]),
    "nadam": (nadam, [0.1, 0.05, *BETAS, 3.0, 1e-5]),
    "adagrad": (adagrad, [0.1, 1e-5]),
    "adadelta": (adadelta, [1.0, 0.95, 0.05, 1e-5]),
    "rmsprop": (rmsprop, [0.1, 0.9, 0.1, 0.0, 1e-5]),
    "rmsprop_momentum": (rmsprop_momentum, [0.1, 0.9, 0.1, 0.8, 1e-5]),
    "rmsprop_centered": (rmsprop_centered, [0.1, 0.9, 0.1, 0.0, 1.0]),
    "rmsprop_momentum_centered": (rmsprop_momentum_centered, [0.1, 0.9, 0.1, 0.8, 1.0]),
    "ftrl": (ftrl, [10.0, 0.5, 0.2, 0.3, 0.1]),
    "lion": (lion, [0.1, *BETAS]),
    "schedule_free_adamw": (schedule_free, [0.1, *BETAS, 1.5, 1e-5, 0.25]),
    "lamb": (lamb, [0.1, *BETAS, 2.0, 1.5, 1e-5]),
}
SLOTS = {rule: function.__code__.co_argcount - 2 - len(c) for rule, (function, c) in RULES.items()}
# One element, a few, a prime, and enough for several pieces; the last is large enough for several threads.
SIZES = [(1,), (0, 5, 1), (97, 0), (8192, 8193), (20011, 3, 180000)]


def problem(rule, sizes, dtype="float32", seed=0):
    """Parameters, slots, gradients and bounds for variables of these sizes."""
    rng = np.random.default_rng(seed)
    total = sum(sizes)
    params = rng.standard_normal(total).astype(dtype)
    slots = [(rng.random(total) + 0.1).astype(dtype) for _ in range(SLOTS[rule])]
    gradients = [rng.standard_normal(size).astype(dtype) for size in sizes]
    return params, slots, gradients, np.cumsum([0, *sizes])


def stepped(rule, params, slots, gradients, bounds, shrink=1.0, scale=1.0, limit=np.inf, constants=None):
    """What the formula gives for each variable, in float64: [params, *slots]; a gradient of None changes nothing."""
    function, usual = RULES[rule]
    out = [a.astype("float64") for a in (params, *slots)]
    for i, g in enumerate(gradients):
        if g is None:
            continue
        part = slice(bounds[i], bounds[i + 1])
        factor = scale[i] if np.ndim(scale) else scale
        g = np.clip(g.astype("float64").ravel() * factor, -limit, limit)
        p, *held = (a[part].copy() for a in out)
        for a, value in zip(out, function(p * shrink, g, *(constants or usual), *held), strict=True):
            a[part] = value
    return out


def check(rule, params, slots, gradients, bounds, dense=None, constants=None, **options):
    """Compare a step of the kernel, in place, with the formula."""
    dense = gradients if dense is None else dense
    expected = stepped(rule, params, slots, dense, bounds, constants=constants, **options)
    optimizer_step(rule, params, slots, gradients, bounds, constants or RULES[rule][1], **options)
    tolerance = {"float32": 2e-5, "float64": 1e-12}[str(params.dtype)]
    for actual, wanted in zip((params, *slots), expected, strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("rule", RULES)
def test_rules_are_their_formulas(rule, sizes, dtype):
    check(rule, *problem(rule, sizes, dtype))


@pytest.mark.parametrize("rule", RULES)
def test_weight_decay_scale_and_limit_come_before_the_step(rule):
    check(rule, *problem(rule, [7, 20011]), shrink=0.75, scale=2.0, limit=0.5)
    check(rule, *problem(rule, [7, 0, 201]), scale=np.array([2.0, 1.0, 0.25]))


@pytest.mark.parametrize("rule", RULES)
def test_variables_without_a_gradient_stay(rule):
    params, slots, gradients, bounds = problem(rule, [5, 7, 3])
    check(rule, params, slots, [gradients[0], None, gradients[2]], bounds, shrink=0.5)


@pytest.mark.parametrize("rule", RULES)
def test_gradients_of_other_layouts_and_dtypes(rule):
    rng = np.random.default_rng(3)
    params, slots, _, bounds = problem(rule, [12, 6, 4, 6])
    wide, whole = rng.standard_normal((3, 8)), np.array([[1, 2], [3, 4]])
    gradients = [
        np.asfortranarray(wide[:, :4]),
        wide[:, ::4].astype("float32"),
        whole,
        wide[0, :6].astype(">f4"),
    ]
    check(rule, params, slots, gradients, bounds)


@pytest.mark.parametrize("power", [0.0, 0.3, 1.0])
def test_powers_of_ftrl(power):
    check("ftrl", *problem("ftrl", [101]), constants=[10.0, power, 0.2, 0.3, 0.0])


@pytest.mark.parametrize("rule", RULES)
def test_nan_and_infinity_reach_the_parameters_they_belong_to(rule):
    params, slots, (g,), bounds = problem(rule, [40])
    g[3], g[17] = np.nan, np.inf
    with np.errstate(all="ignore"):
        expected = stepped(rule, params, slots, [g], bounds)[0]
    optimizer_step(rule, params, slots, [g], bounds, RULES[rule][1])
    assert np.isnan(params[3])
    np.testing.assert_array_equal(np.isnan(params), np.isnan(expected))


def test_a_limit_leaves_nan_and_clips_infinity():
    params = np.zeros(3, "float32")
    optimizer_step(
        "sgd", params, [], [np.float32([np.nan, np.inf, -np.inf])], np.array([0, 3]), [1.0, 0.0], limit=2
    )
    np.testing.assert_array_equal(params, [np.nan, -2, 2])


# ---- rows ------------------------------------------------------------------------------------------------------


def rows(table_rows, width, count, dtype="float32", ids="int32", seed=5):
    """A gradient as rows, with numbers that come again, and the array it stands for."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, table_rows, count).astype(ids)
    values = rng.standard_normal((count, width)).astype(dtype)
    dense = np.zeros((table_rows, width), dtype)
    np.add.at(dense, numbers, values)
    return SimpleNamespace(ids=numbers, rows=values), dense


# (rows of the table, width, rows of the gradient): one row, more rows than the table has, wide, many, none.
TABLES = [(1, 1, 1), (5, 3, 20), (40, 1, 7), (3, 9001, 4), (3000, 17, 500), (70000, 4, 3000), (6, 4, 0)]


@pytest.mark.parametrize("ids", ["int32", "int64"])
@pytest.mark.parametrize("table", TABLES, ids=str)
@pytest.mark.parametrize("rule", RULES)
def test_rows_give_the_bits_of_the_dense_gradient(rule, table, ids):
    sparse, dense = rows(*table, ids=ids)
    for options in ({}, {"shrink": 0.9, "scale": 0.5, "limit": 1.0}):
        params, slots, (other,), bounds = problem(rule, [3])
        params = np.concatenate(
            [params, np.random.default_rng(1).standard_normal(dense.size).astype("float32")]
        )
        slots = [np.concatenate([s, np.full(dense.size, 0.25, "float32")]) for s in slots]
        bounds = np.array([*bounds, params.size])
        ours, of_dense = [params, *slots], [a.copy() for a in (params, *slots)]
        optimizer_step(rule, ours[0], ours[1:], [other, sparse], bounds, RULES[rule][1], **options)
        optimizer_step(rule, of_dense[0], of_dense[1:], [other, dense], bounds, RULES[rule][1], **options)
        tolerance = 1e-5 if rule == "lamb" else 0  # its norms are sums, taken in other pieces
        for a, b in zip(ours, of_dense, strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_rows_of_any_shape_and_layout():
    values = np.arange(24.0).reshape(2, 2, 6)[:, :, ::2]
    params = np.zeros(18, "float64")
    sparse = SimpleNamespace(ids=np.array([2, 0, 0, 2])[::2], rows=values)
    optimizer_step("sgd", params, [], [sparse], np.array([0, 18]), [1.0, 0.0])
    np.testing.assert_array_equal(params.reshape(3, 2, 3), -np.stack([values[1], 0 * values[0], values[0]]))


# ---- norms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_sum_squares(sizes, dtype):
    _, _, gradients, bounds = problem("sgd", sizes, dtype)
    sums = sum_squares(gradients, bounds)
    assert sums.dtype == np.float64
    np.testing.assert_allclose(sums, [np.square(g, dtype="float64").sum() for g in gradients], rtol=1e-6)


def test_sum_squares_of_rows_adds_what_comes_twice_first():
    sparse, dense = rows(3000, 17, 500)
    other = np.float32([3, 4])
    sums = sum_squares([sparse, None, other], np.array([0, dense.size, dense.size + 1, dense.size + 3]))
    np.testing.assert_allclose(sums, [np.square(dense, dtype="float64").sum(), 0, 25], rtol=1e-6)


def test_bits_do_not_depend_on_the_number_of_threads(printed):
    code = (
        "import numpy as np; from kx_kernels import *\n"
        "g, p, m, v = np.random.default_rng(0).random((4, 500_000), 'float32')\n"
        "bounds = np.array([0, 500_000])\n"
        "optimizer_step('lamb', p, [m, v], [g], bounds, [0.1, 0.9, 0.1, 0.99, 0.01, 2.0, 1.5, 1e-5])\n"
        "print(sum_squares([g], bounds).tobytes().hex(), p.tobytes().hex())"
    )
    assert printed(code, 1) == printed(code, 3)


# ---- what is refused -------------------------------------------------------------------------------------------

BOUNDS = np.array([0, 2, 3])


@pytest.mark.parametrize(
    ("error", "text", "changes"),
    [
        (ValueError, "unknown rule 'sgdm'", {"rule": "sgdm"}),
        (TypeError, "params: expected a float32 ndarray, got float16", {"params": np.zeros(3, "float16")}),
        (TypeError, "params: expected a writable", {"params": np.broadcast_to(np.float32(0), 3)}),
        (TypeError, "slot: expected a float32 ndarray, got float64", {"slots": [np.zeros(3)]}),
        (ValueError, "slots: expected 1, got 0", {"slots": []}),
        (ValueError, "elements of a slot: expected 3, got 2", {"slots": [np.zeros(2, "float32")]}),
        (ValueError, "constants: expected 2, got 1", {"constants": [0.1]}),
        (TypeError, "must be real number", {"constants": [0.1, "a"]}),
        (ValueError, "elements of a gradient: expected 2, got 3", {"gradients": [np.zeros(3), np.zeros(1)]}),
        (ValueError, "length of bounds: expected 2, got 3", {"gradients": [np.zeros(2)]}),
        (ValueError, "bounds: expected rising", {"bounds": np.array([0, 2, 4])}),
        (ValueError, "bounds: expected rising", {"bounds": np.array([0, 2, 1])}),
        (TypeError, "gradient: expected", {"gradients": [[1.0, 2.0], None]}),
        (ValueError, "scales: expected 2, got 1", {"scale": np.ones(1)}),
    ],
)
def test_what_is_refused(error, text, changes):
    arguments = {
        "rule": "sgd_momentum", "params": np.zeros(3, "float32"), "slots": [np.zeros(3, "float32")],
        "gradients": [np.zeros(2), np.zeros(1)], "bounds": BOUNDS, "constants": [0.1, 0.9],
    }  # fmt: skip
    optimizer_step(**arguments)
    with pytest.raises(error, match=text):
        optimizer_step(**{**arguments, **changes})


@pytest.mark.parametrize(
    ("error", "text", "ids", "values"),
    [
        (ValueError, "id 3 is out of range: the table has rows 0 to 2", np.array([0, 3]), np.zeros((2, 2))),
        (ValueError, "id -1 is out of range", np.array([-1]), np.zeros((1, 2))),
        (ValueError, "rows of a gradient: expected 1, got 2", np.array([1]), np.zeros((2, 2))),
        (ValueError, "elements of a variable whose gradient is rows: expected 4, got 6", np.array([1]), np.zeros((1, 4))),
        (ValueError, "ids of a gradient: axes: expected 1, got 2", np.array([[1]]), np.zeros((1, 2))),
        (TypeError, "ids of a gradient: expected a int64 ndarray, got float64", np.array([1.0]), np.zeros((1, 2))),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit(error, text, ids, values):
    params = np.zeros(6)
    with pytest.raises(error, match=text):
        optimizer_step(
            "sgd", params, [], [SimpleNamespace(ids=ids, rows=values)], np.array([0, 6]), [1.0, 0.0]
        )
    np.testing.assert_array_equal(params, 0)
