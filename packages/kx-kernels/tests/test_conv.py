"""The convolution kernels against sums over taps in float64."""

import doctest
import itertools
import sys

import numpy as np
import pytest

from kx_kernels import conv, conv_grad, conv_transpose, set_thread_count, thread_count


def geometry(sizes, window, strides, dilations, same):
    """(zeros before and after each axis, sizes of the result) for a window that stays inside or is padded evenly."""
    low, high, out = [], [], []
    for n, k, s, d in zip(sizes, window, strides, dilations):
        width = (k - 1) * d + 1
        count = -(-n // s) if same else (n - width) // s + 1
        total = max((count - 1) * s + width - n, 0)
        low.append(total // 2 if same else 0)
        high.append(total - low[-1])
        out.append(count)
    return low, high, out


class Case:
    """Arrays of a convolution and what comes of them, channels last."""

    def __init__(
        self,
        sizes,
        window,
        channels,
        filters,
        strides,
        dilations=None,
        same=False,
        groups=1,
        relu=False,
        batch=2,
    ):
        rank = len(sizes)
        dilations = dilations or (1,) * rank
        rng = np.random.default_rng(0)
        draw = lambda *shape: rng.standard_normal(shape).astype("float32")
        self.low, high, self.out_sizes = geometry(sizes, window, strides, dilations, same)
        self.window, self.strides, self.dilations, self.relu = window, strides, dilations, relu
        self.sizes, self.groups = sizes, groups
        self.padding = [(0, 0), *zip(self.low, high), (0, 0)]
        self.x, self.kernel = draw(batch, *sizes, channels), draw(*window, channels // groups, filters)
        self.bias, self.g = draw(filters), draw(batch, *self.out_sizes, filters)
        self.geometry = (*strides, *dilations, *self.low, *self.out_sizes)

    def taps(self):
        """(place in the window, slices of the padded input that are read there)."""
        for place in itertools.product(*map(range, self.window)):
            yield (
                place,
                (
                    slice(None),
                    *(
                        slice(k * d, k * d + (n - 1) * s + 1, s)
                        for k, d, n, s in zip(place, self.dilations, self.out_sizes, self.strides)
                    ),
                ),
            )

    def by_group(self, x):
        return x.astype("float64").reshape(*x.shape[:-1], self.groups, -1)

    def formula(self, through=None):
        """The result and the gradients (y, gx, gkernel, gbias) in float64; `through`: the relu's result, to rounding."""
        x = self.by_group(np.pad(self.x, self.padding))
        kernel = self.by_group(self.kernel)  # (*window, channels / groups, group, filters / groups)
        y = sum(np.einsum("...gc,cgf->...gf", x[read], kernel[place]) for place, read in self.taps())
        y = y.reshape(*y.shape[:-2], -1) + self.bias
        g = self.by_group(self.g)
        if self.relu:
            y = np.maximum(y, 0)
            g = g * (self.by_group(y if through is None else through) > 0)
        gx, gkernel = np.zeros_like(x), np.zeros_like(kernel)
        for place, read in self.taps():
            gx[read] += np.einsum("...gf,cgf->...gc", g, kernel[place])
            rows = [a.reshape(-1, *a.shape[-2:]) for a in (x[read], g)]
            gkernel[place] = np.einsum("pgc,pgf->cgf", *rows)
        inner = tuple(slice(p, p + n) for p, n in zip(self.low, self.sizes))
        gx = gx.reshape(*gx.shape[:-2], -1)[(slice(None), *inner)]
        return y, gx, gkernel.reshape(self.kernel.shape), g.sum(axis=tuple(range(g.ndim - 2))).ravel()

    def computed(self, channels_first=False):
        """The same by the kernels."""
        there = lambda a: np.moveaxis(a, -1, 1) if channels_first else a
        back = lambda a: np.moveaxis(a, 1, -1) if channels_first else a
        y = conv(there(self.x), self.kernel, self.bias, self.geometry, channels_first, self.relu)
        gx, gkernel, gbias = conv_grad(
            there(self.g), there(self.x), self.kernel, y if self.relu else None, self.geometry, channels_first
        )
        return back(y), back(gx), gkernel, gbias


def assert_close(actual, expected, tol=5e-6):
    assert (actual.shape, actual.dtype) == (expected.shape, np.float32)
    scale = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(actual, expected, rtol=tol, atol=tol * scale)


def check(case, channels_first=False, tol=5e-6):
    found = case.computed(channels_first)
    for actual, expected in zip(found, case.formula(found[0]), strict=True):
        assert_close(actual, expected, tol)


# Around the sizes of the tiles: 3, 6 or 8 places; 16 channels; 4x4 results.
SHAPES = [
    ((7,), (3,)), ((1,), (1,)), ((20,), (4,)), ((5, 6), (3, 3)), ((9, 8), (2, 3)), ((1, 1), (1, 1)), ((8, 8), (1, 1)),
    ((4, 5, 6), (2, 3, 2)), ((13, 11), (5, 1)),
]  # fmt: skip
CHANNELS = [(1, 1, 1), (3, 5, 1), (4, 16, 1), (5, 17, 1), (4, 6, 2), (6, 36, 3), (16, 33, 1)]


@pytest.mark.parametrize(("sizes", "window"), SHAPES)
@pytest.mark.parametrize(("channels", "filters", "groups"), CHANNELS)
def test_all_kinds_of_windows(sizes, window, channels, filters, groups):
    rank = len(sizes)
    for strides in ((1,) * rank, (2,) * rank, (1, 3, 2)[:rank]):
        for dilations in ((1,) * rank, (2,) * rank):
            for same in (False, True):
                if not same and any((k - 1) * d >= n for n, k, d in zip(sizes, window, dilations)):
                    continue
                case = Case(sizes, window, channels, filters, strides, dilations, same, groups, relu=same)
                check(case, channels_first=same)


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize(("channels", "filters"), [(16, 16), (16, 24), (24, 16), (32, 40), (64, 16)])
@pytest.mark.parametrize("sizes", [(8, 8), (9, 12), (26, 26), (30, 17), (5, 40)])
def test_three_by_three(sizes, channels, filters, relu, channels_first):
    for same in (False, True):
        case = Case(sizes, (3, 3), channels, filters, (1, 1), same=same, relu=relu, batch=3)
        check(case, channels_first, tol=2e-5)


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize("channels", [2, 7, 8, 19, 32])
def test_depthwise(channels, channels_first):
    for sizes, window, strides in (((11,), (4,), (2,)), ((9, 7), (3, 3), (1, 1)), ((8, 9), (5, 2), (2, 3))):
        for same in (False, True):
            case = Case(sizes, window, channels, channels, strides, same=same, groups=channels, relu=True)
            check(case, channels_first)


@pytest.mark.parametrize(
    ("sizes", "window", "channels", "filters", "strides"),
    [((64, 300), (3, 5), 2, 3, (1, 1)), ((3000,), (7,), 5, 4, (1,)), ((4, 4), (2, 2), 300, 20, (2, 2)),
     ((6, 40, 9), (3, 3, 3), 8, 9, (1, 2, 1)), ((40, 40), (1, 1), 64, 64, (1, 1))],
)  # fmt: skip
def test_work_that_takes_several_blocks(sizes, window, channels, filters, strides):
    check(Case(sizes, window, channels, filters, strides, same=True, relu=True), tol=2e-5)


def test_transposed():
    for sizes, window, strides in (
        ((9,), (3,), (2,)),
        ((12, 9), (3, 3), (1, 1)),
        ((7, 8, 5), (2, 3, 1), (2, 1, 3)),
    ):
        case = Case(sizes, window, 16, 16, strides, same=True)
        to = (*strides, *case.dilations, *case.low, *sizes)
        expected = case.formula()[1]
        bias = np.arange(16, dtype="float32")
        assert_close(conv_transpose(case.g, case.kernel, None, to), expected, 2e-5)
        out = conv_transpose(np.moveaxis(case.g, -1, 1), case.kernel, bias, to, True, True)
        assert_close(np.moveaxis(out, 1, -1), np.maximum(expected + bias, 0), 2e-5)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("channels_first", [False, True])
def test_weights_that_are_not_finite_count_only_where_there_is_an_input(channels_first):
    there = lambda a: np.moveaxis(a, -1, 1) if channels_first else a
    for sizes, strides, groups in (((9,), (2,), 1), ((9, 8), (1, 1), 4), ((7, 8, 5), (2, 1, 3), 1)):
        case = Case(sizes, (3, 3, 2)[: len(sizes)], 16, 16, strides, same=True, groups=groups)
        case.kernel[0, ..., 1, 2], case.kernel[1, ..., 0, 3] = np.inf, np.nan
        expected = case.formula()[1].astype("float32")
        assert np.isfinite(expected).any() and not np.isfinite(expected).all()
        found = conv_grad(there(case.g), there(case.x), case.kernel, None, case.geometry, channels_first)[0]
        np.testing.assert_allclose(found, there(expected), rtol=1e-5, atol=1e-5)
        if groups == 1:
            to = (*strides, *case.dilations, *case.low, *sizes)
            found = conv_transpose(there(case.g), case.kernel, case.bias, to, channels_first, True)
            expected = np.maximum(expected + case.bias, 0)
            np.testing.assert_allclose(found, there(expected), rtol=1e-5, atol=1e-5)


def test_only_what_is_needed_is_computed():
    case = Case((6, 6), (3, 3), 3, 4, (1, 1))
    arguments = case.g, case.x, case.kernel, None, case.geometry, False
    full = conv_grad(*arguments)
    for needs in itertools.product([False, True], repeat=3):
        for wanted, whole, found in zip(needs, full, conv_grad(*arguments, *needs)):
            if wanted:
                np.testing.assert_array_equal(found, whole)
        assert needs[0] or conv_grad(*arguments, *needs)[0] is None


def test_other_layouts_are_read():
    case = Case((6, 7), (2, 3), 4, 5, (1, 2), relu=True)
    plain = case.computed()
    wide = np.zeros((*case.x.shape[:-1], 8), "float32")
    wide[..., ::2] = case.x
    case.x, case.kernel, case.g = wide[..., ::2], np.asfortranarray(case.kernel), case.g[::-1].copy()[::-1]
    for actual, expected in zip(case.computed(), plain):
        np.testing.assert_array_equal(actual, expected)


def check_not_finite(case, channels_first=False):
    """The numbers of the formula, those that are not finite in the very places."""
    found = case.computed(channels_first)
    with np.errstate(invalid="ignore", over="ignore"):
        wanted = [a.astype("float32") for a in case.formula(found[0])]
        case.x, case.kernel, case.bias, case.g = (np.abs(a) for a in (case.x, case.kernel, case.bias, case.g))
        sizes = case.formula(found[0])  # what the rounding of each sum is in proportion to
    for actual, expected, size in zip(found, wanted, sizes, strict=True):
        whole = np.isfinite(expected)
        np.testing.assert_array_equal(actual[~whole], expected[~whole])
        assert np.isfinite(actual[whole]).all()
        if whole.any():
            tol = 2e-5 * (size[whole] + np.median(size[whole]))
            assert (np.abs(actual[whole] - expected[whole]) <= tol).all()
    return found


BAD = [np.nan, np.inf, -np.inf, np.float32(1e38)]  # the last is too much for Winograd's transforms
LARGE_WEIGHT = np.float32(3e36)  # not so large that a sum depends on its order
PLACES = [(0, 0, 0), (0, 5, 3), (11, 11, 15), (4, 7, 8), (6, 0, 1)]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("array", ["x", "g", "kernel", "bias"])
def test_what_is_not_finite_touches_what_reads_it(array, bad):
    for window, same, relu in itertools.product([(2, 2), (3, 3)], [False, True], [False, True]):
        for place in PLACES if array in ("x", "g") else PLACES[:1]:
            case = Case((12, 12), window, 16, 16, (1, 1), same=same, relu=relu)
            case.kernel *= np.float32(0.02)
            if array in ("x", "g"):
                rows, cols, channels = getattr(case, array).shape[1:]
                row, col, channel = place
                getattr(case, array)[1, min(row, rows - 1), min(col, cols - 1), channel % channels] = bad
            else:
                getattr(case, array)[..., 3] = LARGE_WEIGHT if array == "kernel" and np.isfinite(bad) else bad
            y = check_not_finite(case, channels_first=relu)[0]
            if array == "x":  # another image, and further off in this one
                assert np.isfinite(y[0]).all() and np.isfinite(y[1]).sum() >= y[1].size - 9 * 16


@pytest.mark.parametrize("sizes", [(9, 13), (26, 26), (5, 40)])
@pytest.mark.parametrize(("channels", "filters"), [(16, 16), (24, 40)])
def test_several_that_are_not_finite(sizes, channels, filters):
    rng = np.random.default_rng(3)
    for bad, count, array in itertools.product(BAD, [1, 5, 300], ["x", "g"]):
        case = Case(sizes, (3, 3), channels, filters, (1, 1), same=True, relu=count == 5, batch=3)
        for other in {"x", "g", "kernel"} - {array}:
            setattr(case, other, getattr(case, other) * np.float32(0.01))
        getattr(case, array).reshape(-1)[rng.integers(getattr(case, array).size, size=count)] = bad
        check_not_finite(case)
    for bad in BAD:
        case = Case(sizes, (3, 3), channels, filters, (1, 1), same=True, batch=3)
        case.kernel[1, 2, 3, 4] = case.kernel[0, 0, 5, 15] = LARGE_WEIGHT if np.isfinite(bad) else bad
        check_not_finite(case)


def test_sums_that_are_too_large_only_together_stay():
    case = Case((12, 12), (3, 3), 16, 16, (1, 1), same=True)
    case.x[:] = 2e37 * np.sign(case.x)  # the sum of a tile's results overflows, none of them does
    case.kernel[:] = 0
    case.kernel[1, 1] = np.eye(16)
    case.g *= np.float32(1e-3)
    check_not_finite(case)


def test_a_nan_passes_the_relu():
    case = Case((4,), (1,), 1, 1, (1,))
    case.x[0, 2] = np.nan
    assert np.isnan(conv(case.x, case.kernel, None, case.geometry, False, True)[0, 2, 0])


@pytest.mark.parametrize(
    ("sizes", "window", "channels", "filters"),
    [
        ((28, 28), (3, 3), 16, 16),
        ((28, 28), (3, 3), 1, 8),
        ((20, 20), (2, 2), 12, 12),
        ((9, 9), (1, 1), 64, 32),
    ],
)
def test_the_bits_do_not_depend_on_the_run_or_the_threads(sizes, window, channels, filters):
    case, before = (
        Case(sizes, window, channels, filters, (1, 1), same=True, relu=True, batch=16),
        thread_count(),
    )
    runs = [case.computed()]
    try:
        for count in (1, 1, 2, 3):
            set_thread_count(count)
            runs.append(case.computed())
    finally:
        set_thread_count(before)
    for run in runs[1:]:
        for actual, expected in zip(run, runs[0]):
            np.testing.assert_array_equal(actual, expected)


def test_nothing_to_compute():
    kernel, bias = np.ones((2, 3, 4), "float32"), np.float32([1, 2, 3, 4])
    assert conv(np.zeros((0, 5, 3), "float32"), kernel, bias, (1, 1, 0, 4)).shape == (0, 4, 4)
    gx, gkernel, gbias = conv_grad(
        np.zeros((0, 4, 4), "float32"), np.zeros((0, 5, 3), "float32"), kernel, None, (1, 1, 0, 4)
    )
    assert gx.shape == (0, 5, 3) and not gkernel.any() and not gbias.any()
    out = conv(np.zeros((1, 2, 3), "float32"), np.zeros((1, 3, 4), "float32"), bias, (1, 1, 0, 2))
    np.testing.assert_array_equal(out, np.broadcast_to(bias, (1, 2, 4)))


def test_bad_arguments():
    x, kernel, bias = np.zeros((1, 5, 4), "float32"), np.zeros((2, 2, 6), "float32"), np.zeros(6, "float32")
    good = (1, 1, 0, 4)
    assert conv(x, kernel, bias, good).shape == (1, 4, 6)
    with pytest.raises(TypeError, match="x: expected a float32 ndarray, got float64"):
        conv(x.astype("float64"), kernel, bias, good)
    with pytest.raises(ValueError, match="number of groups"):
        conv(x[..., :3], kernel, bias, good)
    with pytest.raises(ValueError, match="number of groups"):
        conv(x, kernel[..., :5], bias[:5], good)
    with pytest.raises(ValueError, match="length of bias: expected 6"):
        conv(x, kernel, bias[:4], good)
    with pytest.raises(ValueError, match="length of geometry: expected 4, got 3"):
        conv(x, kernel, bias, good[:3])
    for wrong in ((0, 1, 0, 4), (1, 0, 0, 4), (1, 1, -1, 4), (1, 1, 0, -1)):
        with pytest.raises(ValueError, match="out of range"):
            conv(x, kernel, bias, wrong)
    with pytest.raises(ValueError, match="axes of x: expected 3, got 2"):
        conv(x[0], kernel, bias, good)
    with pytest.raises(ValueError, match="3, 4 or 5 axes"):
        conv(x, kernel[0], bias, good)
    g = np.zeros((1, 4, 6), "float32")
    with pytest.raises(ValueError, match="channels of g"):
        conv_grad(g[..., :4], x, kernel, None, good)
    with pytest.raises(ValueError, match="batch of g"):
        conv_grad(np.zeros((2, 4, 6), "float32"), x, kernel, None, good)
    with pytest.raises(ValueError, match="elements of out"):
        conv_grad(g, x, kernel, g[:, :3], good)
    with pytest.raises(ValueError, match="channels of x: expected 6, got 5"):
        conv_transpose(g[..., :5], kernel, None, (1, 1, 0, 5))


@pytest.mark.parametrize("function", [conv, conv_grad, conv_transpose], ids=lambda f: f.__name__)
def test_examples(function):
    names = {"np": np, "conv": conv, "conv_grad": conv_grad, "conv_transpose": conv_transpose}
    example = doctest.DocTestParser().get_doctest(function.__doc__, names, function.__name__, None, 0)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_nothing_leaks():
    case = Case((9, 9), (3, 3), 16, 16, (1, 1), relu=True)
    arrays = case.x, case.kernel, case.bias, case.g
    before = [sys.getrefcount(a) for a in arrays]
    for _ in range(20):
        case.computed()
        with pytest.raises(ValueError, match="length of bias"):
            conv(case.x, case.kernel, case.bias[:2], case.geometry)
    assert [sys.getrefcount(a) for a in arrays] == before
