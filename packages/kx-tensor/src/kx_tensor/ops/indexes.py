"""Reading and writing by index: `x[key]`, take, gather, scatter."""

import builtins
import math

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import greater, less_equal
from kx_tensor.primitive import primitive
from kx_tensor.symbolic import KerasTensor, record_call, standardize_shape
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable


def _is_basic(key):
    """Whether a key selects by slices and integers alone, so that no element is selected twice."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(
        k is None or k is Ellipsis or (isinstance(k, (int, builtins.slice)) and not isinstance(k, bool))
        for k in parts
    )


def _picked(shapes, params):
    """The shape of x[key], from the shape of x alone."""
    shape, key = shapes[0], params["key"]
    parts = list(key) if isinstance(key, tuple) else [key]
    used = sum(_axes_used(k) for k in parts)
    if used > len(shape):
        raise ValueError(f"too many indices: {used} for {len(shape)} dimension(s) of shape {shape}.")
    if not any(k is Ellipsis for k in parts):
        parts.append(Ellipsis)
    at = next(i for i, k in enumerate(parts) if k is Ellipsis)
    parts[at : at + 1] = [builtins.slice(None)] * (len(shape) - used)
    out, arrays, places, axis = [], [], [], 0
    for k in parts:
        if k is None:
            out.append(1)
            continue
        n = shape[axis]
        if isinstance(k, builtins.slice):
            out.append(_sliced_size(k, n))
        elif isinstance(k, int) and not isinstance(k, bool):
            if n is not None and not -n <= k < n:
                raise ValueError(f"index {k} is out of range for axis {axis} with size {n}.")
        else:
            arrays.append((None,) if k.dtype == bool else tuple(k.shape))
            places.append(len(out))
        axis += _axes_used(k)
    if arrays:
        selected = rules.broadcast_shapes(*arrays)
        together = len(set(places)) == 1
        at = places[0] if together else 0
        out[at:at] = selected
    return tuple(out)


def _axes_used(k):
    if k is None or k is Ellipsis:
        return 0
    return k.ndim if getattr(k, "dtype", np.dtype(int)).kind == "b" else 1


def _sliced_size(k, n):
    if n is not None:
        return len(range(*k.indices(n)))
    return None


@primitive(shape=_picked, dtype=rules.keep)
def pick(xp, x, *, key):
    """Return x[key] for a key of integers, slices, None, Ellipsis and raw index arrays."""
    return x[key]


@primitive(shape=lambda shapes, params: standardize_shape(params["shape"]), dtype=rules.keep)
def unpick(xp, g, *, shape, key):
    """Return zeros of `shape` with g added at `key`: the transpose of `pick`."""
    out = xp.zeros(shape, g.dtype)
    if _is_basic(key):
        out[key] = g
    else:
        xp.add.at(out, key, g)
    return out


pick.vjp(lambda F, g, x_shape, key: F.unpick(g, shape=x_shape, key=key))
pick.cases = (
    case("3,4", key=0), case("3,4", key=(slice(None), slice(1, 3))), case("2,3,4", key=(Ellipsis, None, -1)),
    case("5,2", key=slice(None, None, -2)), fails("3,4", key=(0, 0, 0), match="too many indices"),
    fails("3,4", key=7, match="out of range"),
)  # fmt: skip
unpick.vjp(lambda F, g, key: F.pick(g, key=key))
unpick.cases = case("4", shape=(3, 4), key=1), case("3,2", shape=(3, 4), key=(slice(None), slice(1, 3)))


def get_item(x, key):
    """Return x[key]; integer and boolean tensors select as in NumPy.

    >>> get_item([[1, 2], [3, 4]], (0, 1)).numpy().item()
    2
    """
    if not isinstance(x, (Tensor, Variable, KerasTensor)):
        x = convert_to_tensor(x)
    return pick(x, key=tuple(map(_raw_index, key)) if isinstance(key, tuple) else _raw_index(key))


def _raw_index(k):
    if isinstance(k, KerasTensor):
        raise TypeError("A symbolic tensor can't be an index; use ops.take or ops.take_along_axis.")
    if isinstance(k, (Tensor, Variable)):
        return int(k) if k.shape == () and dtypes.is_int_dtype(k.dtype) else k.data
    if isinstance(k, (list, np.ndarray)):
        return np.asarray(k)
    if isinstance(k, np.integer):
        return int(k)
    if isinstance(k, builtins.slice):
        return builtins.slice(
            *[
                int(v) if isinstance(v, (Tensor, Variable, np.integer)) else v
                for v in (k.start, k.stop, k.step)
            ]
        )
    return k


def _taken(shapes, params):
    shape, indices = shapes
    axis = params["axis"]
    if axis is None:
        return indices
    axis = rules.normalize_axis(axis, len(shape))
    return (*shape[:axis], *indices, *shape[axis + 1 :])


def _index_dtype(names, params):
    return [None] + ["int64" if n in ("uint64", "bool") else None for n in names[1:]], dtypes.result_type(
        names[0]
    )


@primitive(shape=_taken, dtype=_index_dtype)
def take(xp, x, indices, *, axis=None):
    """Return the elements (or slices along `axis`) of x at `indices`; negative ones count from the end.

    >>> take([10.0, 20.0, 30.0], [2, 0]).numpy()
    array([30., 10.], dtype=float32)
    """
    return xp.take(x, indices, axis=axis)


def _as_indices(k):
    return k.data if isinstance(k, Tensor) else k


def _take_dx(F, g, x_shape, indices, axis):
    indices = _as_indices(indices)
    if axis is None:
        return F.reshape(F.unpick(g, shape=(math.prod(x_shape),), key=indices), newshape=x_shape)
    axis = rules.normalize_axis(axis, len(x_shape))
    return F.unpick(g, shape=x_shape, key=(builtins.slice(None),) * axis + (indices,))


take.vjp(_take_dx, None)
take.cases = (
    case("5,2", "3:int32<5", axis=0), case("2,5", "3,2:int32<5", axis=1),
    case("6", "4:int32<6"), case("2,3", "4:int32<6"),
    fails("3,4", "2:int32<3", axis=4, match="out of range"),
)  # fmt: skip


def _along_axis(shapes, params):
    shape, indices = shapes
    if params["axis"] is None:
        return indices
    if len(shape) != len(indices):
        raise ValueError(
            f"x of shape {shape} and indices of shape {indices} must have the same number of axes."
        )
    axis = rules.normalize_axis(params["axis"], len(shape))
    free = [(*s[:axis], 1, *s[axis + 1 :]) for s in shapes]
    out = rules.broadcast_shapes(*free)
    return (*out[:axis], indices[axis], *out[axis + 1 :])


@primitive(shape=_along_axis, dtype=_index_dtype)
def take_along_axis(xp, x, indices, *, axis=None):
    """Return x[..., indices[i], ...] along `axis`, position by position.

    >>> take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1).numpy()
    array([[2.],
           [3.]], dtype=float32)
    """
    if axis is None:
        return xp.take(x, indices)
    return xp.take_along_axis(x, indices, axis)


def grid_key(xp, indices, shape, axis):
    """Return the full index arrays that `take_along_axis` stands for."""
    grids = [
        xp.arange(n).reshape([-1 if i == d else 1 for i in range(len(shape))]) for d, n in enumerate(shape)
    ]
    return tuple(indices if d == axis else grid for d, grid in enumerate(grids))


@primitive(shape=lambda shapes, params: standardize_shape(params["shape"]), dtype=_index_dtype)
def put_along_axis(xp, g, indices, *, shape, axis):
    """Return zeros of `shape` with g added at `indices` along `axis`: the transpose of `take_along_axis`."""
    out = xp.zeros(shape, g.dtype)
    if axis is None:
        xp.add.at(out.reshape(-1), indices, g)
        return out
    axis = rules.normalize_axis(axis, len(shape))
    xp.add.at(
        out,
        grid_key(xp, indices, [m if d == axis else n for d, (n, m) in enumerate(zip(g.shape, shape))], axis),
        g,
    )
    return out


take_along_axis.vjp(
    lambda F, g, x_shape, indices, axis: F.put_along_axis(g, indices, shape=x_shape, axis=axis), None
)
take_along_axis.cases = (
    case("3,4", "3,2:int32<4", axis=1), case("3,4", "2,4:int32<3", axis=0), case("6", "3:int32<6"),
    fails("3,4", "3:int32<3", axis=0, match="same number of axes"),
)  # fmt: skip
put_along_axis.vjp(lambda F, g, indices, axis: F.take_along_axis(g, indices, axis=axis), None)
put_along_axis.cases = (case("3,2", "3,2:int32<4", shape=(3, 4), axis=1),)


def nonzero(x):
    """Return one index tensor per axis with the places where x is not zero (their number depends on the values).

    >>> nonzero([0, 3, 0, 4])[0].numpy()
    array([1, 3], dtype=int32)
    """
    if isinstance(x, KerasTensor):
        return tuple(record_call(nonzero, (x,), {}, [((None,), "int32")] * len(x.shape)))
    x = convert_to_tensor(x)
    return tuple(Tensor(i.astype("int32"), None, x.device) for i in x.data.nonzero())


def _scattered(shapes, params):
    return standardize_shape(params["shape"])


def _scatter_dtype(names, params):
    return [None, None], dtypes.result_type(names[1])


@primitive(shape=_scattered, dtype=_scatter_dtype)
def scatter(xp, indices, values, *, shape):
    """Return zeros of `shape` with `values` added at `indices`; the last axis of indices addresses the first axes.

    >>> scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,)).numpy()
    array([1., 0., 5., 0.], dtype=float32)
    """
    out = xp.zeros(standardize_shape(shape), values.dtype)
    xp.add.at(out, _columns(indices), values)
    return out


def _columns(indices):
    """Index arrays, one per addressed axis, from an array whose last axis holds addresses."""
    indices = _as_indices(indices)
    return tuple([indices[..., i] for i in range(indices.shape[-1])])


scatter.vjp(None, lambda F, g, indices: F.pick(g, key=_columns(indices)))
scatter.cases = (
    case(np.array([[0], [2], [2]]), "3", shape=(4,)), case(np.array([[0, 1], [2, 3]]), "2,5", shape=(3, 4, 5)),
    case(np.array([[1], [3]]), "2:int32", shape=(4,)),
)  # fmt: skip


def _update_dtype(names, params):
    common = dtypes.result_type(names[0])
    return [None, None, common], common


@primitive(shape=rules.same, dtype=_update_dtype)
def scatter_update(xp, inputs, indices, updates, *, reduction=None):
    """Return inputs with `updates` at `indices`: set, or combined by reduction "add", "max", "min", "mul".

    >>> scatter_update([1.0, 2.0, 3.0], [[0], [2]], [9.0, 8.0]).numpy()
    array([9., 2., 8.], dtype=float32)
    """
    if reduction not in (None, "add", "max", "min", "mul"):
        raise ValueError(f"reduction must be None, 'add', 'max', 'min' or 'mul', got {reduction!r}.")
    out = xp.array(inputs, copy=True)
    key = _columns(indices)
    if reduction is None:
        out[key] = updates
    elif reduction == "mul":
        factor = xp.ones_like(out)
        _multiply_at(xp, factor, key, updates)
        out = out * factor
    else:
        {"add": xp.add, "max": xp.maximum, "min": xp.minimum}[reduction].at(out, key, updates)
    return out


def _multiply_at(xp, out, key, updates):
    """Multiply in place at repeated addresses. CuPy's multiply has no `at`: scan equal addresses side by side."""
    if xp is np:
        np.multiply.at(out, key, updates)
        return
    place = 0
    for k, n in zip(key, out.shape):
        place = place * n + xp.where(k < 0, k + n, k)
    rest = out.shape[len(key) :]
    values = xp.broadcast_to(updates, (*place.shape, *rest)).reshape(place.size, math.prod(rest))
    place = place.reshape(-1)
    order = xp.argsort(place)
    place, values = place[order], values[order]
    step = 1
    while (
        step < place.size
    ):  # values[i] becomes the product of up to 2 * step values of its address that end at i
        same = (place[step:] == place[:-step]).reshape(-1, 1)
        tail = values[step:] * xp.where(same, values[:-step], xp.ones_like(values[:-step]))
        values = xp.concatenate([values[:step], tail])
        step *= 2
    last = xp.concatenate([place[1:] != place[:-1], xp.ones((min(1, place.size),), "bool")])
    rows = out.reshape(-1, math.prod(rest))
    rows[place[last]] *= values[last]


def _scatter_update_dx(F, g, inputs, indices, updates, out, reduction):
    key = _columns(indices)
    if reduction == "add":
        return g
    if reduction == "mul":
        return g * F.scatter_update(F.ones_like(g), indices, updates, reduction="mul")
    if reduction is None:
        return F.scatter_update(g, indices, 0.0 * F.pick(g, key=key))
    kept = F.cast(F.equal(out, inputs), dtype=_name(g))
    return g * kept


def _scatter_update_du(F, g, inputs, indices, updates, out, reduction):
    key = _columns(indices)
    if reduction in (None, "add"):
        return F.pick(g, key=key)
    if reduction == "mul":
        return F.pick(g * out, key=key) / updates
    return F.pick(g, key=key) * F.cast(F.equal(F.pick(out, key=key), updates), dtype=_name(g))


def _name(x):
    return x.dtype if isinstance(x.dtype, str) else dtypes.name_of(x.dtype)


scatter_update.vjp(_scatter_update_dx, None, _scatter_update_du)
scatter_update.cases = (
    case("4", np.array([[0], [2]]), "2"), case("3,4", np.array([[0, 1], [2, 3]]), "2", reduction="add"),
    case("4", np.array([[0], [2]]), "2", reduction="max"), case("4", np.array([[0], [2]]), "2", reduction="min"),
    case("4", np.array([[1], [1]]), "2", reduction="mul", low=0.5),
    fails("4", np.array([[0]]), "1", reduction="x", match="reduction"),
)  # fmt: skip


def slice_update(inputs, start_indices, updates):
    """Return inputs with the block that starts at `start_indices` replaced by `updates`.

    >>> slice_update([1.0, 2.0, 3.0], [1], [9.0]).numpy()
    array([1., 9., 3.], dtype=float32)
    """
    inputs, updates = (x if hasattr(x, "shape") else convert_to_tensor(x) for x in (inputs, updates))
    if any(isinstance(x, KerasTensor) for x in (start_indices, inputs, updates)):
        if len(updates.shape) != len(inputs.shape):
            raise ValueError(
                f"slice_update: updates of shape {updates.shape} for inputs of shape {inputs.shape}."
            )
        spec = (tuple(inputs.shape), dtypes.standardize_dtype(inputs.dtype))
        return record_call(slice_update, (inputs, start_indices, updates), {}, [spec])[0]
    starts = _host_integers(start_indices)
    ranges = np.meshgrid(*[np.arange(s, s + n) for s, n in zip(starts, updates.shape)], indexing="ij")
    return scatter_update(inputs, np.stack(ranges, axis=-1), updates)


def _host_integers(values):
    return [int(v) for v in (values.numpy() if isinstance(values, (Tensor, Variable)) else values)]


def slice(inputs, start_indices, shape):
    """Return the block of the given shape that starts at `start_indices`; -1 in shape: up to the end.

    >>> slice([1.0, 2.0, 3.0], [1], [2]).numpy()
    array([2., 3.], dtype=float32)
    """
    inputs = inputs if hasattr(inputs, "shape") else convert_to_tensor(inputs)
    shape = _host_integers(shape)
    if len(shape) != len(inputs.shape):
        raise ValueError(
            f"slice: shape {tuple(shape)} must have a size for each axis of {tuple(inputs.shape)}."
        )
    if isinstance(inputs, KerasTensor) or isinstance(start_indices, KerasTensor):
        return _symbolic_slice(inputs, start_indices, shape)
    starts = _host_integers(start_indices)
    ends = [total if n == -1 else start + n for start, n, total in zip(starts, shape, inputs.shape)]
    if any(not 0 <= start <= end <= total for start, end, total in zip(starts, ends, inputs.shape)):
        raise ValueError(
            f"slice: block of shape {tuple(shape)} at {tuple(starts)} is not inside shape {tuple(inputs.shape)}."
        )
    return get_item(inputs, tuple(map(builtins.slice, starts, ends)))


def _symbolic_slice(inputs, start_indices, shape):
    if isinstance(start_indices, KerasTensor):
        sizes = [None if n == -1 else n for n in shape]
    else:
        start_indices = _host_integers(start_indices)
        totals = [None if m is None else m - s for m, s in zip(inputs.shape, start_indices)]
        sizes = [m if n == -1 else n for n, m in zip(shape, totals)]
    spec = (tuple(sizes), dtypes.standardize_dtype(inputs.dtype))
    return record_call(slice, (inputs, start_indices, shape), {}, [spec])[0]


def in_top_k(targets, predictions, k):
    """Tell for each row of predictions whether fewer than k of its values exceed that at `targets`.

    >>> in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], k=1).numpy()
    array([ True, False])
    """
    predictions = predictions if hasattr(predictions, "shape") else convert_to_tensor(predictions)
    index = convert_to_tensor(targets)
    chosen = take_along_axis(predictions, cast(index, "int32").reshape((-1, 1)), axis=-1)
    not_smaller = cast(less_equal(predictions, chosen), "int32").sum(axis=-1)
    return greater(not_smaller, predictions.shape[-1] - k)  # a NaN at the target is in no top
