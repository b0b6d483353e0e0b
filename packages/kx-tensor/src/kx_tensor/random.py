"""Random numbers with explicit seeds: the same numbers for the same seed on every backend.

A seed is an integer (the same numbers at every call), a `SeedGenerator` (new ones at every call), or None, for the
process-wide `SeedGenerator`. How bits become numbers is in `kx_tensor.philox` and `kx_tensor.sampling`.
"""

import functools
import operator
import random as python_random

import numpy as np

from kx_tensor import device as devices
from kx_tensor import dtypes, naming, philox, sampling
from kx_tensor.capture import effect
from kx_tensor.ops.casting import convert_to_tensor
from kx_tensor.ops.dropout import dropout as apply_dropout
from kx_tensor.ops.embedding import embedding
from kx_tensor.ops.shape import transpose
from kx_tensor.primitive import as_operand, to_raw
from kx_tensor.state import Stateful
from kx_tensor.symbolic import KerasTensor, standardize_shape
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

_WORD = 0xFFFFFFFF


class SeedGenerator(Stateful):
    """A source of new seeds: its state, the uint32 variable [seed, number of draws], counts up by one at each.

    Without a `seed` one is drawn from Python's `random`. The state is a non-trainable variable, on the CPU, that
    models save.

    >>> generator = SeedGenerator(seed=7)
    >>> generator.next().numpy(), generator.next().numpy()
    (array([7, 0], dtype=uint32), array([7, 1], dtype=uint32))
    """

    def __init__(self, seed=None, name=None):
        if seed is not None and not _is_integer(seed):
            raise ValueError(
                f"Argument `seed` must be an integer or None, got {seed!r} of type {type(seed).__name__}."
            )
        self.name = name or naming.auto_name("seed_generator")
        self._initial_seed = seed
        start = python_random.randint(1, 10**9) if seed is None else operator.index(seed)
        with devices.device("cpu"), naming.name_scope(self.name):
            self.state = Variable(
                np.array([start & _WORD, 0], np.uint32),
                trainable=False,
                autocast=False,
                name="seed_generator_state",
            )

    def draw(self):
        """Return the state as a pair of Python ints and advance it: what the kx functions themselves use."""
        return effect(_advance, self.state.data)

    def next(self, ordered=True):
        """Return the state as a tensor and advance it; `ordered=False` scrambles it instead of counting."""
        state = self.state.data
        value = state.copy()
        if ordered:
            self.draw()
        else:
            state[:] = (value.astype(np.uint64) + 1) * 5387 % 933199
        return Tensor(value, None, self.state.device)

    def get_config(self):
        """Return the arguments that make a generator like this one, at its start."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config):
        """Return a generator made from `get_config()`'s result."""
        return cls(**config)


def _advance(state):
    seed, n = state.tolist()
    state[1] = (n + 1) & _WORD
    return seed, n


_process = {}  # "generator": the SeedGenerator behind seed=None


def global_seed_generator():
    """Return the process-wide SeedGenerator, which serves `seed=None`."""
    if "generator" not in _process:
        _process["generator"] = SeedGenerator(name="global_seed_generator")
    return _process["generator"]


def set_random_seed(seed):
    """Seed Python's `random`, NumPy's global generator, and everything random in kx.

    >>> set_random_seed(3)
    >>> first = uniform((2,)).numpy()
    >>> set_random_seed(3)
    >>> bool((uniform((2,)).numpy() == first).all())
    True
    """
    if not _is_integer(seed) or not 0 <= seed <= _WORD:
        raise ValueError(f"set_random_seed expects an integer from 0 to 2^32 - 1, got {seed!r}.")
    python_random.seed(int(seed))
    np.random.seed(int(seed))
    _process.pop("generator", None)


STATE_NAMES = {
    "random/python",
    "random/python_gauss",
    "random/numpy",
    "random/numpy_gauss",
}  # and maybe "random/kx"


def get_state():
    """Return the state of all that is random in the process as arrays by name: Python's `random`, NumPy's, kx's.

    >>> set_random_seed(3)
    >>> state = get_state()
    >>> first = uniform((2,)).numpy()
    >>> set_state(state)
    >>> bool((uniform((2,)).numpy() == first).all())
    True
    """
    _, words, gauss = python_random.getstate()
    state = {"random/python": np.array(words, np.uint32), "random/python_gauss": _as_array(gauss)}
    _, keys, position, has_gauss, gauss = np.random.get_state()
    state["random/numpy"] = np.array([*keys, position], np.uint32)
    state["random/numpy_gauss"] = _as_array(gauss if has_gauss else None)
    if "generator" in _process:
        state["random/kx"] = np.array(_process["generator"].state.data)
    return state


def set_state(state):
    """Set all that is random in the process to what `get_state` returned."""
    python_random.setstate(
        (3, tuple(state["random/python"].tolist()), _as_number(state["random/python_gauss"]))
    )
    *keys, position = state["random/numpy"].tolist()
    gauss = _as_number(state["random/numpy_gauss"])
    np.random.set_state(("MT19937", keys, position, int(gauss is not None), gauss or 0.0))
    _process.pop("generator", None)
    if "random/kx" in state:
        seed, draws = state["random/kx"].tolist()
        _process["generator"] = SeedGenerator(seed, name="global_seed_generator")
        _process["generator"].state.data[1] = draws


def _as_array(number):
    return np.array([] if number is None else [number], np.float64)


def _as_number(array):
    return float(array[0]) if array.size else None


def draw_seed(seed):
    """Return the pair of 32-bit numbers that stands for a `seed` argument; a SeedGenerator advances.

    >>> draw_seed(5), draw_seed(SeedGenerator(5))
    ((5, 0), (5, 0))
    """
    if seed.__class__ is SeedGenerator:
        return seed.draw()
    if seed is None:
        return global_seed_generator().draw()
    if isinstance(seed, SeedGenerator):
        return seed.draw()
    if _is_integer(seed):
        return operator.index(seed) & _WORD, 0
    raise ValueError(
        f"Argument `seed` must be an integer, a SeedGenerator or None, got {seed!r} of type {type(seed).__name__}."
    )


def _is_integer(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _of_any_shape(place, default):
    """Let a function of (shape, ...), whose argument number `place` after it is the dtype, take sizes of None.

    They come from `ops.shape` of symbolic tensors inside a layer; the result then is symbolic, too.
    """

    def decorate(draw):
        @functools.wraps(draw)
        def function(shape, *args, **kwargs):
            if isinstance(shape, (tuple, list)) and None in shape:
                dtype = args[place] if len(args) > place else kwargs.get("dtype", default)
                return KerasTensor(shape, dtype)
            return draw(shape, *args, **kwargs)

        return function

    return decorate


def _target(shape, dtype, kind="float"):
    """What a draw needs: (device, shape, number of elements, dtype of the result, dtype to compute in)."""
    shape = standardize_shape(shape)
    dtype = dtypes.standardize_dtype(dtype)
    if dtype not in (dtypes.FLOATS if kind == "float" else dtypes.INTS):
        hint = "; use randint for integers" if kind == "float" else ""
        raise ValueError(f"Expected a {kind} dtype, got {dtype!r}{hint}.")
    size = 1
    for n in shape:
        size *= n
    return (
        devices.current(),
        shape,
        size,
        dtypes.as_numpy(dtype),
        "float64" if dtype == "float64" else "float32",
    )


def _tensor(raw, shape, dtype, device):
    return Tensor(raw.reshape(shape).astype(dtype, copy=False), None, device)


def _scaled(raw, scale, offset, device):
    """raw * scale + offset in place; numbers or arrays, of which 1 and 0 cost nothing."""
    for value, neutral, apply in ((scale, 1, operator.imul), (offset, 0, operator.iadd)):
        if isinstance(value, (int, float)):
            if value != neutral:
                raw = apply(raw, value)
        else:
            raw = apply(raw, to_raw(value, device, raw.dtype))
    return raw


@_of_any_shape(2, None)
def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Return numbers spread evenly over [minval, maxval).

    float32 numbers are multiples of 2^-24 (times the span), float64 ones of 2^-53.

    >>> uniform((2, 3), seed=1).shape
    (2, 3)
    """
    device, shape, n, dtype, compute = _target(shape, dtype)
    raw = philox.uniforms(device.xp, draw_seed(seed), n, compute)
    if dtype.itemsize < 4:
        raw = sampling.rounded_down(raw, dtype)
    return _tensor(_scaled(raw.reshape(shape), maxval - minval, minval, device), shape, dtype, device)


@_of_any_shape(2, None)
def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Return normally distributed numbers.

    >>> x = normal((1000,), mean=5.0, seed=1).numpy()
    >>> bool(abs(x.mean() - 5) < 0.1)
    True
    """
    device, shape, n, dtype, compute = _target(shape, dtype)
    raw = sampling.normal(device.xp, draw_seed(seed), n, compute).reshape(shape)
    return _tensor(_scaled(raw, stddev, mean, device), shape, dtype, device)


@_of_any_shape(2, None)
def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Return normally distributed numbers, none of them two standard deviations or more from the mean.

    >>> bool(abs(truncated_normal((1000,), seed=1).numpy()).max() < 2)
    True
    """
    device, shape, n, dtype, compute = _target(shape, dtype)
    raw = sampling.truncated_normal(device.xp, draw_seed(seed), n, compute).reshape(shape)
    return _tensor(_scaled(raw, stddev, mean, device), shape, dtype, device)


@_of_any_shape(2, "int32")
def randint(shape, minval, maxval, dtype="int32", seed=None):
    """Return integers spread evenly over [minval, maxval).

    >>> sorted(set(randint((100,), 2, 5, seed=1).tolist()))
    [2, 3, 4]
    """
    device, shape, n, dtype, _ = _target(shape, dtype, "integer")
    low, high = int(minval), int(maxval)
    if high <= low:
        raise ValueError(f"randint needs minval < maxval, got {minval} and {maxval}.")
    raw = sampling.integers(device.xp, draw_seed(seed), n, low, high, dtype)
    return _tensor(raw, shape, dtype, device)


def categorical(logits, num_samples, dtype="int32", seed=None):
    """Return class numbers drawn with the probabilities softmax(logits).

    Shapes: logits (batch, classes) -> (batch, num_samples).

    >>> categorical([[0.0, 100.0]], 4, seed=1).numpy()
    array([[1, 1, 1, 1]], dtype=int32)
    """
    x = as_operand(logits, devices.current())
    if x.ndim != 2:
        raise ValueError(f"categorical expects logits of shape (batch, classes), got shape {tuple(x.shape)}.")
    *_, dtype, _ = _target((), dtype, "integer")
    raw = x.data.astype("float64" if x.dtype == "float64" else "float32", copy=False)
    return Tensor(
        sampling.categorical(x.device.xp, draw_seed(seed), raw, num_samples).astype(dtype), None, x.device
    )


def dropout(inputs, rate, noise_shape=None, seed=None):
    """Return the inputs with a random part `rate` of them set to 0 and the others divided by 1 - rate.

    `noise_shape` (None: the inputs' shape) gives axes of size 1 one decision in common.

    >>> dropout([1.0, 2.0, 3.0, 4.0], rate=0.5, seed=7).numpy()
    array([2., 0., 0., 8.], dtype=float32)
    """
    if rate == 0:
        return convert_to_tensor(inputs)
    return apply_dropout(inputs, rate=rate, seed=draw_seed(seed), noise_shape=noise_shape)


def shuffle(x, axis=0, seed=None):
    """Return x with its slices along `axis` in random order.

    >>> sorted(shuffle([3, 1, 2], seed=1).tolist())
    [1, 2, 3]
    """
    x = as_operand(x, devices.current())
    order = sampling.permutation(x.device.xp, draw_seed(seed), x.shape[axis])
    order = Tensor(order, None, x.device)
    if axis in (0, -x.ndim):
        return embedding(x, order)
    axes = list(range(x.ndim))
    axes[0], axes[axis] = axes[axis], 0
    return transpose(embedding(transpose(x, axes), order), axes)


@_of_any_shape(1, None)
def gamma(shape, alpha, dtype=None, seed=None):
    """Return gamma distributed numbers of shape parameter `alpha` (a number or an array) and scale 1.

    >>> bool(abs(gamma((2000,), 3.0, seed=1).numpy().mean() - 3) < 0.2)
    True
    """
    device, shape, _, dtype, compute = _target(shape, dtype)
    raw = sampling.gamma(device.xp, draw_seed(seed), _parameter(alpha, shape, compute, device))
    return _tensor(raw, shape, dtype, device)


@_of_any_shape(2, None)
def beta(shape, alpha, beta, dtype=None, seed=None):
    """Return beta distributed numbers with the parameters `alpha` and `beta` (numbers or arrays).

    >>> x = beta((2000,), 2.0, 6.0, seed=1).numpy()
    >>> bool(abs(x.mean() - 0.25) < 0.02)
    True
    """
    device, shape, _, dtype, compute = _target(shape, dtype)
    a, b = (_parameter(v, shape, compute, device) for v in (alpha, beta))
    return _tensor(sampling.beta(device.xp, draw_seed(seed), a, b), shape, dtype, device)


@_of_any_shape(2, None)
def binomial(shape, counts, probabilities, dtype=None, seed=None):
    """Return the numbers of successes in `counts` trials that succeed with `probabilities` (numbers or arrays).

    >>> x = binomial((2000,), 10, 0.3, seed=1).numpy()
    >>> bool(abs(x.mean() - 3) < 0.2)
    True
    """
    device, shape, n, dtype, _ = _target(shape, dtype)
    counts = _parameter(counts, shape, "float64", device)
    largest = int(counts.max()) if n else 0
    raw = sampling.binomial(
        device.xp, draw_seed(seed), counts, _parameter(probabilities, shape, "float64", device), largest
    )
    return _tensor(raw, shape, dtype, device)


def _parameter(value, shape, dtype, device):
    raw = to_raw(value, device).astype(dtype)
    return device.xp.broadcast_to(raw, shape)
