"""The recurrent kernels against NumPy loops over the steps, in float64; gradients against differences of those."""

import doctest
import functools
import itertools
import sys

import numpy as np
import pytest

import kx_kernels
from kx_kernels import gru, gru_grad, lstm, lstm_grad, simple_rnn, simple_rnn_grad

FAMILIES = {
    "lstm": (lstm, lstm_grad, 4),
    "gru": (gru, gru_grad, 3),
    "gru_reset_before": (
        functools.partial(gru, reset_after=False),
        functools.partial(gru_grad, reset_after=False),
        3,
    ),
    "simple_rnn": (simple_rnn, simple_rnn_grad, 1),
}
every_family = pytest.mark.parametrize("family", FAMILIES)
ACTIVATIONS = {None: lambda v: v, "relu": lambda v: np.maximum(v, 0), "tanh": np.tanh}
# Below, at and above the sizes of chunks (16 rows), of tiles (6 rows, 8, 16 or 32 columns), of blocks (96, 256 rows).
SIZES = [
    (1, 1, 1, 1),
    (2, 3, 1, 2),
    (5, 2, 3, 7),
    (6, 4, 16, 8),
    (17, 3, 5, 16),
    (33, 2, 7, 17),
    (3, 100, 2, 33),
]
SIZES += [(16, 17, 6, 12)]


def sigmoid(v):
    return 1 / (1 + np.exp(-np.maximum(v, -87)))


GATES = {
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda v: np.clip(v + 3, 0, 6) / 6,
    "keras2_hard_sigmoid": lambda v: np.clip(0.2 * v + 0.5, 0, 1),
}


def product(x, weights, drop):
    """x @ weights, x times the mask of each gate."""
    if drop is None:
        return x @ weights
    return np.concatenate([(x * m) @ w for m, w in zip(drop, np.split(weights, len(drop), axis=-1))], axis=-1)


def formula(
    family, x, kernel, recurrent, bias, h, c, mask=None, drop=None, back_drop=None, *, activation="tanh",
    recurrent_activation="sigmoid", return_sequences=False, go_backwards=False, zero_output_for_mask=False,
):  # fmt: skip
    """(output, last states) of a recurrence, step by step."""
    gate = GATES[recurrent_activation]
    out, outs = np.zeros_like(h), []
    for t in range(x.shape[1])[:: -1 if go_backwards else 1]:
        into, back = product(x[:, t], kernel, drop), product(h, recurrent, back_drop)
        if family == "lstm":
            i, f, g, o = np.split(into + back + bias, 4, axis=-1)
            new_c = gate(f) * c + gate(i) * np.tanh(g)
            new_h = gate(o) * np.tanh(new_c)
        elif family == "gru":
            (x_z, x_r, x_n), (h_z, h_r, h_n) = (
                np.split(a + b, 3, axis=-1) for a, b in ((into, bias[0]), (back, bias[1]))
            )
            z = gate(x_z + h_z)
            new_h, new_c = z * h + (1 - z) * np.tanh(x_n + gate(x_r + h_r) * h_n), c
        elif family == "gru_reset_before":
            (x_z, x_r, x_n), (h_z, h_r, _) = (np.split(a, 3, axis=-1) for a in (into + bias, back))
            z = gate(x_z + h_z)
            h_n = np.split(product(gate(x_r + h_r) * h, recurrent, back_drop), 3, axis=-1)[2]
            new_h, new_c = z * h + (1 - z) * np.tanh(x_n + h_n), c
        else:
            new_h, new_c = ACTIVATIONS[activation](into + back + bias), c
        here = np.ones((len(x), 1), bool) if mask is None else mask[:, t, None]
        h, c = np.where(here, new_h, h), np.where(here, new_c, c)
        out = np.where(here, h, 0 if zero_output_for_mask else out)
        outs.append(out)
    return np.stack(outs, axis=1) if return_sequences else out, h, c


def arrays(family, batch, steps, features, units, seed=0):
    """x, kernel, recurrent kernel, bias, h and c of these sizes."""
    rng, gates = np.random.default_rng(seed), FAMILIES[family][2]
    shapes = [(batch, steps, features), (features, gates * units), (units, gates * units)]
    shapes += [(2, 3 * units) if family == "gru" else (gates * units,), (batch, units), (batch, units)]
    given = [rng.uniform(-1, 1, shape).astype("float32") for shape in shapes]
    given[2] /= np.float32(max(1, units)) ** 0.5  # a long recurrence of larger ones is chaotic
    return given


def masks(family, batch, steps, features, units, kind):
    """A mask, dropout masks and recurrent dropout masks; `kind` says how many of the latter."""
    rng = np.random.default_rng(7)
    mask = rng.random((batch, steps)) < 0.6
    mask[-1] = False
    if kind == 0:
        return mask, None, None
    count = FAMILIES[family][2] if kind == "gates" else 1
    return mask, *((rng.random((count, batch, n)) < 0.7).astype("float32") / 0.7 for n in (features, units))


def run(family, given, rest, **options):
    """((output, last states), saved) of a kernel."""
    given = given if family == "lstm" else given[:5]
    return FAMILIES[family][0](*given, *rest, **options)


def run_grad(family, grads, given, rest, **options):
    grads = grads if family == "lstm" else grads[:2]
    return FAMILIES[family][1](*grads, *given[:3], *rest, **options)


def check(family, given, rest=(None, None, None), **options):
    """Values against the formula, and each gradient along one direction against differences of the formula."""
    wide = [a.astype("float64") for a in given]
    wanted = formula(family, *wide, *rest, **options)
    results, saved = run(family, given, rest, keep=True, **options)
    for found, expected in zip(results, wanted):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)
    unkept, nothing = run(family, given, rest, **options)
    assert nothing is None
    for found, expected in zip(unkept, results, strict=True):
        np.testing.assert_array_equal(found, expected)

    rng = np.random.default_rng(1)
    grads = [rng.standard_normal(a.shape) for a in wanted[: len(results)]]
    found = run_grad(family, [g.astype("float32") for g in grads], given, rest, saved=saved, **options)
    for place, gradient in enumerate(found):
        direction = rng.standard_normal(wide[place].shape)
        ends = []
        for sign in (1, -1):
            moved = [a + sign * 1e-6 * direction if i == place else a for i, a in enumerate(wide)]
            ends.append(
                sum((out * g).sum() for out, g in zip(formula(family, *moved, *rest, **options), grads))
            )
        assert gradient.shape == wide[place].shape
        slope = (ends[0] - ends[1]) / 2e-6
        size = np.abs(gradient.astype("float64") * direction).sum()
        assert abs((gradient.astype("float64") * direction).sum() - slope) <= 2e-6 * max(1, size) + 1e-4


@every_family
@pytest.mark.parametrize("sizes", SIZES)
def test_sizes(family, sizes):
    check(family, arrays(family, *sizes))
    check(family, arrays(family, *sizes), return_sequences=True)


@every_family
@pytest.mark.parametrize("drops", [0, 1, "gates"])
@pytest.mark.parametrize("sizes", [(4, 5, 3, 2), (19, 6, 4, 9)])
def test_masks_dropout_and_directions(family, sizes, drops):
    rest = masks(family, *sizes, drops)
    for sequences, backwards, zero in itertools.product([False, True], repeat=3):
        check(
            family, arrays(family, *sizes), rest, return_sequences=sequences, go_backwards=backwards,
            zero_output_for_mask=zero,
        )  # fmt: skip


@pytest.mark.parametrize("drops", [0, 1, "gates"])
@pytest.mark.parametrize("gates", ["hard_sigmoid", "keras2_hard_sigmoid"])
@pytest.mark.parametrize("family", ["lstm", "gru", "gru_reset_before"])
def test_hard_gates(family, gates, drops):
    for sizes in ((1, 1, 1, 1), (5, 2, 3, 7), (19, 6, 4, 9), (17, 3, 5, 32)):
        given, rest = arrays(family, *sizes), masks(family, *sizes, drops)
        given[1] *= 4  # some of the gates at their ends
        hard = {"recurrent_activation": gates}
        check(family, given, (None, *rest[1:]), **hard)
        check(family, given, rest, return_sequences=True, go_backwards=True, **hard)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_of_the_simple_recurrence(activation):
    given = arrays("simple_rnn", 9, 4, 3, 5)
    given[2] *= 0.3
    check("simple_rnn", given, activation=activation, return_sequences=True)


@every_family
def test_what_may_be_left_out(family):
    given = arrays(family, 5, 3, 4, 6)
    zeros = [*given[:3], *[np.zeros_like(a) for a in given[3:]]]
    expected = run(family, zeros, (None,) * 3)[0]
    forward, backward, _ = FAMILIES[family]
    results, saved = forward(*given[:3], keep=True)
    for found, wanted in zip(results, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    nothing = [None] * len(results)
    assert all(not g.any() for g in backward(*nothing, *given[:3], saved=saved))
    some = backward(np.ones_like(results[0]), *nothing[1:], *given[:3], saved=saved, need_x=False)
    every = backward(np.ones_like(results[0]), *nothing[1:], *given[:3], saved=saved)
    assert some[0] is None
    for found, wanted in zip(some[1:], every[1:], strict=True):
        np.testing.assert_array_equal(found, wanted)


@every_family
@pytest.mark.parametrize("sizes", [(0, 3, 4, 5), (2, 3, 0, 5), (2, 3, 4, 0)])
def test_empty(family, sizes):
    given = arrays(family, *sizes)
    results, saved = run(family, given, (None,) * 3, keep=True)
    wanted = formula(family, *given)
    for found, expected in zip(results, wanted):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    grads = run_grad(family, [np.ones_like(r) for r in results], given, (None,) * 3, saved=saved)
    for gradient, array in zip(grads, given):
        assert gradient.shape == array.shape
    if sizes[0] == 0:
        assert not any(g.any() for g in grads)


@every_family
def test_any_layout(family):
    given, rest = arrays(family, 7, 4, 3, 5), masks(family, 7, 4, 3, 5, "gates")
    results, saved = run(family, given, rest, keep=True)
    scattered = [np.repeat(a, 2, axis=-1)[..., ::2] for a in given]
    odd_rest = [np.asfortranarray(a) for a in rest]
    found, odd_saved = run(family, scattered, odd_rest, keep=True)
    grads = [np.ones_like(r) for r in results]
    broadcast = [np.broadcast_to(np.float32(1), r.shape) for r in results]
    plain = run_grad(family, grads, given, rest, saved=saved)
    odd = run_grad(family, broadcast, scattered, odd_rest, saved=odd_saved)
    for one, other in [*zip(results, found, strict=True), *zip(plain, odd, strict=True)]:
        np.testing.assert_array_equal(one, other)


@every_family
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.filterwarnings("ignore:invalid value", "ignore:overflow")
def test_nan_and_infinity_are_those_of_the_formula(family, value):
    given = arrays(family, 18, 4, 3, 5)
    given[0][2, 1, 0] = given[4][17, 3] = value
    results, saved = run(family, given, (None,) * 3, keep=True, return_sequences=True)
    wanted = formula(family, *[a.astype("float64") for a in given], return_sequences=True)
    for found, expected in zip(results, wanted):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)
    gx = run_grad(family, [np.ones_like(r) for r in results], given, (None,) * 3, saved=saved,
                  return_sequences=True)[0]  # fmt: skip
    if np.isnan(value):
        assert np.isnan(gx[2, :2]).all() and np.isnan(gx[17]).all()
    assert np.isfinite(gx[[0, 1, 3, 16]]).all()


@every_family
def test_a_masked_step_is_not_read(family):
    given = arrays(family, 3, 4, 2, 5)
    mask = np.ones((3, 4), bool)
    mask[1, 2] = False
    plain = run(family, given, (mask, None, None), return_sequences=True)[0]
    given[0][1, 2] = np.nan
    for found, wanted in zip(run(family, given, (mask, None, None), return_sequences=True)[0], plain):
        np.testing.assert_array_equal(found, wanted)


@every_family
def test_bits_do_not_depend_on_threads(family):
    given, rest = arrays(family, 70, 30, 40, 48), masks(family, 70, 30, 40, 48, "gates")

    def everything():
        results, saved = run(family, given, rest, keep=True, return_sequences=True)
        grads = [np.ones_like(r) for r in results]
        return [*results, *run_grad(family, grads, given, rest, saved=saved, return_sequences=True)]

    before, runs = kx_kernels.thread_count(), []
    try:
        for count in (1, 2, 3, 2):
            kx_kernels.set_thread_count(count)
            runs.append(everything())
    finally:
        kx_kernels.set_thread_count(before)
    for other in runs[1:]:
        for one, two in zip(runs[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


@every_family
def test_sizes_that_differ_are_refused(family):
    given = arrays(family, 4, 3, 2, 5)
    x, kernel, recurrent, bias, h, _ = given
    forward, backward, gates = FAMILIES[family]
    with pytest.raises(ValueError, match="axes of x: expected 3, got 2"):
        forward(x[0], kernel, recurrent)
    with pytest.raises(ValueError, match="1 or more steps"):
        forward(x[:, :0], kernel, recurrent)
    with pytest.raises(ValueError, match="rows of kernel: expected 2, got 1"):
        forward(x, kernel[:1], recurrent)
    with pytest.raises(
        ValueError, match=f"columns of recurrent_kernel: expected {4 * gates}, got {5 * gates}"
    ):
        forward(x, kernel[:, : 4 * gates], recurrent[:4])
    with pytest.raises(ValueError, match="bias, axis"):
        forward(x, kernel, recurrent, bias[..., :-1])
    with pytest.raises(ValueError, match="initial_h, axis 0: expected 4, got 3"):
        forward(x, kernel, recurrent, bias, h[:3])
    with pytest.raises(ValueError, match="mask, axis 1: expected 3, got 2"):
        forward(x, kernel, recurrent, mask=np.ones((4, 2), bool))
    with pytest.raises(ValueError, match=f"dropout_mask: expected {gates}, got 2"):
        forward(x, kernel, recurrent, dropout_mask=np.ones((2, 4, 2), "float32"))
    if family != "simple_rnn":
        with pytest.raises(ValueError, match="expected 'sigmoid', 'hard_sigmoid' or .*, got 'relu'"):
            forward(x, kernel, recurrent, recurrent_activation="relu")
    results, saved = forward(x, kernel, recurrent, keep=True)
    rest = [None] * (len(results) - 1)
    with pytest.raises(ValueError, match="arrays saved"):
        backward(results[0], *rest, x, kernel, recurrent, saved=saved[:-1])
    with pytest.raises(ValueError, match="g_out, axis 0: expected 4, got 3"):
        backward(results[0][:3], *rest, x, kernel, recurrent, saved=saved)
    with pytest.raises(ValueError, match="gates, axis 0: expected 2, got 3"):
        backward(results[0], *rest, x[:, :2], kernel, recurrent, saved=saved)


@every_family
def test_other_dtypes_are_refused(family):
    x, kernel, recurrent, *_ = arrays(family, 4, 3, 2, 5)
    forward = FAMILIES[family][0]
    with pytest.raises(TypeError, match="x: expected a float32 ndarray, got float64"):
        forward(x.astype("float64"), kernel, recurrent)
    with pytest.raises(TypeError, match="mask: expected a bool ndarray, got float32"):
        forward(x, kernel, recurrent, mask=np.ones((4, 3), "float32"))


@pytest.mark.parametrize("function", [lstm, lstm_grad, gru, gru_grad, simple_rnn, simple_rnn_grad])
def test_the_example(function):
    names = {"np": np, **vars(kx_kernels)}
    example = doctest.DocTestParser().get_doctest(function.__doc__, names, function.__name__, None, 0)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


@every_family
def test_nothing_leaks(family):
    given, rest = arrays(family, 4, 3, 2, 5), masks(family, 4, 3, 2, 5, 1)
    watched = [*given, *rest]
    before = [sys.getrefcount(a) for a in watched]
    for _ in range(50):
        results, saved = run(family, given, rest, keep=True)
        run_grad(family, list(results), given, rest, saved=saved)
        with pytest.raises(ValueError, match="mask, axis 1"):
            run(family, given, (rest[0][:, :1], None, None))
    del results, saved
    assert [sys.getrefcount(a) for a in watched] == before
