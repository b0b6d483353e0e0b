"""Joining and cutting tensors: concatenate, stack, split, tile, repeat, pad."""

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.casting import convert_to_tensor
from kx_tensor.ops.indexes import get_item, take
from kx_tensor.ops.shape import broadcast_to, expand_dims, reshape
from kx_tensor.primitive import primitive
from kx_tensor.symbolic import KerasTensor, record_call


def _joined(shapes, params):
    axis = rules.normalize_axis(params["axis"], len(shapes[0]))
    out = list(shapes[0])
    for shape in shapes[1:]:
        if len(shape) != len(out):
            raise ValueError(
                f"all inputs need the same number of axes, got shapes {list(map(tuple, shapes))}."
            )
        for i, n in enumerate(shape):
            if i == axis:
                out[i] = None if n is None or out[i] is None else out[i] + n
            elif out[i] is None:
                out[i] = n
            elif n is not None and n != out[i]:
                raise ValueError(
                    f"all sizes but those along axis {axis} must agree, got shapes {list(map(tuple, shapes))}."
                )
    return tuple(out)


@primitive(shape=_joined, dtype=rules.promote, variadic=True)
def concatenate(xp, xs, *, axis=0):
    """Return the tensors of a list one after the other along an existing axis.

    >>> concatenate([[1, 2], [3]]).numpy()
    array([1, 2, 3], dtype=int32)
    """
    return xp.concatenate(xs, axis=axis)


def _concatenate_dx(F, g, shapes, axis, i):
    axis = rules.normalize_axis(axis, len(g.shape))
    start = sum(s[axis] for s in shapes[:i])
    return F.pick(g, key=(slice(None),) * axis + (slice(start, start + shapes[i][axis]),))


concatenate.vjp(_concatenate_dx)
concatenate.cases = (
    case(["2,3", "4,3"]), case(["2,3", "2,1", "2,2"], axis=-1), case(["3:int32", "3"]),
    fails(["2,3", "2,4"], axis=0, match="must agree"), fails(["2,3", "2"], match="same number of axes"),
)  # fmt: skip


def stack(x, axis=0):
    """Return the tensors of a list along a new axis.

    >>> stack([[1, 2], [3, 4]]).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    return concatenate([expand_dims(part, axis) for part in _parts(x)], axis=axis)


def _parts(xs):
    return [x if hasattr(x, "shape") else convert_to_tensor(x) for x in xs]


def hstack(xs):
    """Return the tensors side by side: along axis 1, or axis 0 if they have one axis.

    >>> hstack([[1, 2], [3]]).numpy()
    array([1, 2, 3], dtype=int32)
    """
    xs = [reshape(x, (1,)) if len(x.shape) == 0 else x for x in _parts(xs)]
    return concatenate(xs, axis=0 if len(xs[0].shape) == 1 else 1)


def vstack(xs):
    """Return the tensors one below the other, as rows.

    >>> vstack([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    return concatenate([expand_dims(x, 0) if len(x.shape) == 1 else x for x in _parts(xs)], axis=0)


def append(x1, x2, axis=None):
    """Return x2 after x1 along `axis` (None: both flattened).

    >>> append([1, 2], [3]).numpy()
    array([1, 2, 3], dtype=int32)
    """
    x1, x2 = _parts([x1, x2])
    if axis is None:
        return concatenate([reshape(x1, (-1,)), reshape(x2, (-1,))])
    return concatenate([x1, x2], axis=axis)


def split(x, indices_or_sections, axis=0):
    """Return a list of parts along `axis`: that many equal ones, or cut at the given indices.

    >>> [p.numpy().tolist() for p in split([1, 2, 3, 4], 2)]
    [[1, 2], [3, 4]]
    """
    x = _parts([x])[0]
    axis = rules.normalize_axis(axis, len(x.shape))
    total = x.shape[axis]
    sections = indices_or_sections if isinstance(indices_or_sections, int) else None
    if total is not None and sections is not None and total % sections:
        raise ValueError(
            f"split: size {total} along axis {axis} is not divisible into {sections} equal parts; give "
            "the indices at which "
            "to cut instead."
        )
    cuts = _host_integers(indices_or_sections) if sections is None else None
    if total is None:  # known only at run time
        sizes = [None] * sections if cuts is None else [b - a for a, b in zip([0, *cuts], cuts)] + [None]
        specs = [((*x.shape[:axis], n, *x.shape[axis + 1 :]), x.dtype) for n in sizes]
        return record_call(split, (x, sections if cuts is None else cuts), {"axis": axis}, specs)
    if cuts is None:
        cuts = [i * (total // sections) for i in range(1, sections)]
    lead = (slice(None),) * axis
    return [get_item(x, (*lead, slice(start, end))) for start, end in zip([0, *cuts], [*cuts, None])]


def _host_integers(values):
    return [int(v) for v in np.asarray(values)]


def unstack(x, num=None, axis=0):
    """Return the slices of x along `axis` as a list.

    >>> [p.numpy().tolist() for p in unstack([[1, 2], [3, 4]])]
    [[1, 2], [3, 4]]
    """
    x = _parts([x])[0]
    axis = rules.normalize_axis(axis, len(x.shape))
    count = x.shape[axis] if num is None else num
    if count is None:
        raise ValueError(f"unstack: the size along axis {axis} is unknown; give num=.")
    if x.shape[axis] not in (None, count):
        raise ValueError(f"unstack: num={count}, but the size along axis {axis} is {x.shape[axis]}.")
    return [get_item(x, (slice(None),) * axis + (i,)) for i in range(count)]


def tile(x, repeats):
    """Return x repeated as a whole `repeats` times along each axis.

    >>> tile([1, 2], 2).numpy()
    array([1, 2, 1, 2], dtype=int32)
    """
    x = _parts([x])[0]
    repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    if None in repeats:  # a size of a symbolic tensor, inside a layer
        rank = max(len(repeats), len(x.shape))
        sizes = [(1,) * (rank - len(each)) + tuple(each) for each in (x.shape, repeats)]
        return KerasTensor([None if None in pair else pair[0] * pair[1] for pair in zip(*sizes)], x.dtype)
    repeats = tuple(int(r) for r in repeats)
    for axis, count in enumerate(reversed(repeats), 1):
        if axis > len(x.shape):
            x = expand_dims(x, 0)
        if count == 0:
            x = get_item(x, (slice(None),) * (len(x.shape) - axis) + (slice(0, 0),))
        elif count > 1:
            x = concatenate([x] * count, axis=-axis)
    return x


def repeat(x, repeats, axis=None):
    """Return x with each element (or slice along `axis`) repeated.

    >>> repeat([1, 2], 2).numpy()
    array([1, 1, 2, 2], dtype=int32)
    """
    x = _parts([x])[0]
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = rules.normalize_axis(axis, len(x.shape))
    if not isinstance(repeats, int):
        counts = [int(r) for r in convert_to_tensor(repeats).numpy().ravel()]
        if len(counts) > 1:
            return take(x, [i for i, count in enumerate(counts) for _ in range(count)], axis=axis)
        repeats = counts[0]
    if repeats == 0:
        return get_item(x, (slice(None),) * axis + (slice(0, 0),))
    shape = list(x.shape)
    wide = expand_dims(x, axis + 1)
    wide = concatenate([wide] * repeats, axis=axis + 1)
    merged = -1 if shape[axis] is None else shape[axis] * repeats
    sizes = [*shape[:axis], merged, *shape[axis + 1 :]]
    if sum(n is None or n == -1 for n in sizes) > 1:
        raise ValueError(f"repeat: at most one size of {tuple(x.shape)} may be unknown.")
    return reshape(wide, [-1 if n is None else n for n in sizes])


def _padded(shapes, params):
    shape, width = shapes[0], pad_pairs(params["pad_width"], len(shapes[0]))
    return tuple(None if n is None else n + before + after for n, (before, after) in zip(shape, width))


def pad_pairs(pad_width, rank):
    """Return padding given as a number, a pair, or pairs per axis, as a tuple of one pair per axis.

    >>> pad_pairs(1, 2)
    ((1, 1), (1, 1))
    """
    if isinstance(pad_width, int):
        return ((pad_width, pad_width),) * rank
    pairs = tuple(pad_width)
    if len(pairs) == 2 and all(isinstance(p, int) for p in pairs):
        return (pairs,) * rank
    pairs = tuple((p, p) if isinstance(p, int) else tuple(int(n) for n in p) for p in pairs)
    pairs = pairs * rank if len(pairs) == 1 else pairs
    if len(pairs) != rank:
        raise ValueError(f"pad_width must have a pair for each of the {rank} axes, got {pad_width}.")
    return pairs


@primitive(shape=_padded, dtype=rules.keep)
def pad(xp, x, *, pad_width, mode="constant", constant_values=None):
    """Return x with elements added around it: a constant (0), or "reflect", "symmetric", "edge", "wrap".

    >>> pad([1, 2], 1).numpy()
    array([0, 1, 2, 0], dtype=int32)
    """
    width = pad_pairs(pad_width, x.ndim)
    if mode == "constant":
        return xp.pad(
            x, width, mode="constant", constant_values=0 if constant_values is None else constant_values
        )
    if constant_values is not None:
        raise ValueError(f"pad: constant_values goes with mode='constant', got mode={mode!r}.")
    return xp.pad(x, width, mode=mode)


def _pad_dx(F, g, x_shape, pad_width, mode):
    width = pad_pairs(pad_width, len(x_shape))
    if mode == "constant":
        return F.pick(g, key=tuple([slice(before, before + n) for n, (before, _) in zip(x_shape, width)]))
    return F.unpad(g, shape=x_shape, pad_width=width, mode=mode)


pad.vjp(_pad_dx)
pad.cases = (
    case("3,4", pad_width=1), case("3,4", pad_width=((1, 0), (0, 2)), constant_values=3.0),
    case("3,4", pad_width=((1, 2), (0, 1)), mode="reflect"),
    case("4", pad_width=2, mode="symmetric"), case("4", pad_width=((1, 2),), mode="edge"),
    case("4", pad_width=2, mode="wrap"),
    fails("3,4", pad_width=((1, 1),) * 3, match="pair for each"),
)  # fmt: skip


@primitive(shape=lambda shapes, params: tuple(params["shape"]), dtype=rules.keep)
def unpad(xp, g, *, shape, pad_width, mode):
    """Return g summed onto the elements that padding copied: the transpose of `pad` in a copying mode."""
    source = xp.pad(xp.arange(_count(shape)).reshape(shape), pad_width, mode=mode)
    out = xp.zeros(_count(shape), g.dtype)
    xp.add.at(out, source.reshape(-1), g.reshape(-1))
    return out.reshape(shape)


def _count(shape):
    total = 1
    for n in shape:
        total *= n
    return total


unpad.vjp(lambda F, g, pad_width, mode: F.pad(g, pad_width=pad_width, mode=mode))
unpad.cases = (case("6", shape=(4,), pad_width=((1, 1),), mode="reflect"),)


def meshgrid(*x, indexing="xy"):
    """Return coordinate matrices of 1-D tensors.

    >>> [g.numpy().tolist() for g in meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}.")
    vectors = [reshape(v, (-1,)) for v in _parts(x)]
    order = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        order[:2] = [1, 0]
    shape = [0] * len(vectors)
    for vector, axis in zip(vectors, order):
        shape[axis] = vector.shape[0]
    if None in shape:
        return record_call(
            meshgrid, tuple(vectors), {"indexing": indexing}, [(shape, v.dtype) for v in vectors]
        )
    return [
        broadcast_to(reshape(v, [-1 if i == axis else 1 for i in range(len(shape))]), tuple(shape))
        for v, axis in zip(vectors, order)
    ]
