"""Cutting, stacking and turning arrays; bit views; einops-style rearrangement."""

import math
import re

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.arithmetic import floor_divide, mod
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.join import concatenate, split
from kx_tensor.ops.shape import expand_dims, flip, reshape, transpose
from kx_tensor.primitive import primitive
from kx_tensor.symbolic import record_call


def array(x, dtype=None):
    """Return x as a Tensor, as `convert_to_tensor` does.

    >>> array([1, 2]).numpy()
    array([1, 2], dtype=int32)
    """
    return convert_to_tensor(x, dtype=dtype)


def dtype(x):
    """Return the dtype of x as a string.

    >>> dtype([1.0])
    'float32'
    """
    return dtypes.standardize_dtype(x.dtype) if hasattr(x, "dtype") else convert_to_tensor(x).dtype


def array_split(x, indices_or_sections, axis=0):
    """As `split`, but a number of sections need not divide the size: the first parts are then one longer.

    >>> [p.numpy().tolist() for p in array_split([1, 2, 3], 2)]
    [[1, 2], [3]]
    """
    x = convert_to_tensor(x)
    if not isinstance(indices_or_sections, int):
        return split(x, indices_or_sections, axis=axis)
    axis = rules.normalize_axis(axis, len(x.shape))
    total = x.shape[axis]
    if total is None:  # known only at run time
        part = ((*x.shape[:axis], None, *x.shape[axis + 1 :]), x.dtype)
        return record_call(
            array_split, (x, indices_or_sections), {"axis": axis}, [part] * indices_or_sections
        )
    small, longer = divmod(total, indices_or_sections)
    sizes = [small + (i < longer) for i in range(indices_or_sections)]
    return split(x, [int(n) for n in np.cumsum(sizes[:-1])], axis=axis)


def hsplit(x, indices_or_sections):
    """Split along axis 1, or axis 0 of a vector.

    >>> [p.numpy().tolist() for p in hsplit([[1, 2]], 2)]
    [[[1]], [[2]]]
    """
    return split(x, indices_or_sections, axis=1 if _rank_at_least(x, 1, "hsplit") > 1 else 0)


def vsplit(x, indices_or_sections):
    """Split along axis 0 of an array of at least 2 dimensions.

    >>> [p.numpy().tolist() for p in vsplit([[1], [2]], 2)]
    [[[1]], [[2]]]
    """
    _rank_at_least(x, 2, "vsplit")
    return split(x, indices_or_sections, axis=0)


def dsplit(x, indices_or_sections):
    """Split along axis 2 of an array of at least 3 dimensions.

    >>> [p.numpy().tolist() for p in dsplit([[[1, 2]]], 2)]
    [[[[1]]], [[[2]]]]
    """
    _rank_at_least(x, 3, "dsplit")
    return split(x, indices_or_sections, axis=2)


def _rank_at_least(x, least, name):
    rank = np.ndim(x) if not hasattr(x, "shape") else len(x.shape)
    if rank < least:
        raise ValueError(f"{name}: at least {least} dimension(s) are needed, got {rank}.")
    return rank


def dstack(xs):
    """Return the tensors one behind the other, along axis 2.

    >>> dstack([[1, 2], [3, 4]]).numpy()
    array([[[1, 3],
            [2, 4]]], dtype=int32)
    """
    return concatenate([_three_axes(convert_to_tensor(x)) for x in xs], axis=2)


def _three_axes(x):
    rank = len(x.shape)
    return x if rank > 2 else expand_dims(x, {2: -1, 1: (0, -1), 0: (0, 1, 2)}[rank])


def fliplr(x):
    """Return x with axis 1 reversed.

    >>> fliplr([[1, 2], [3, 4]]).numpy()
    array([[2, 1],
           [4, 3]], dtype=int32)
    """
    _rank_at_least(x, 2, "fliplr")
    return flip(x, axis=1)


def flipud(x):
    """Return x with axis 0 reversed.

    >>> flipud([1, 2]).numpy()
    array([2, 1], dtype=int32)
    """
    _rank_at_least(x, 1, "flipud")
    return flip(x, axis=0)


def rot90(array, k=1, axes=(0, 1)):
    """Return the array turned k quarter turns from the first axis towards the second.

    >>> rot90([[1, 2], [3, 4]]).numpy()
    array([[2, 4],
           [1, 3]], dtype=int32)
    """
    x = convert_to_tensor(array)
    rank = _rank_at_least(x, 2, "rot90")
    if len(axes) != 2:
        raise ValueError(f"rot90: two axes are needed, got {axes}.")
    first, second = rules.normalize_axes(tuple(axes), rank)
    k %= 4
    if k == 0:
        return x
    if k == 2:
        return flip(x, axis=(first, second))
    order = list(range(rank))
    order[first], order[second] = second, first
    if k == 1:
        return transpose(flip(x, axis=second), tuple(order))
    return flip(transpose(x, tuple(order)), axis=second)


def unravel_index(indices, shape):
    """Return places in a flattened array of `shape` as one index tensor per axis.

    >>> [i.numpy().tolist() for i in unravel_index([3, 5], (2, 3))]
    [[1, 1], [0, 2]]
    """
    rest, found = convert_to_tensor(indices), []
    if not dtypes.is_int_dtype(rest.dtype):
        raise ValueError(f"unravel_index: integers are needed, got dtype {rest.dtype}.")
    kind = rest.dtype
    for n in reversed(tuple(shape)):
        found.append(cast(mod(rest, n), kind))
        rest = floor_divide(rest, n)
    return tuple(reversed(found))


def view(x, dtype=None):
    """Return the bits of x as another dtype; the last axis grows or shrinks if the sizes of the dtypes differ.

    >>> view([1.0], "int32").numpy()
    array([1065353216], dtype=int32)
    """
    x = convert_to_tensor(x)
    return bits(x, old=x.dtype, new=x.dtype if dtype is None else dtypes.standardize_dtype(dtype))


def _bits_shape(shapes, params):
    shape = shapes[0]
    old, new = (dtypes.as_numpy(params[name]).itemsize for name in ("old", "new"))
    if old == new:
        return shape
    if not shape:
        raise ValueError("a scalar can't be viewed as a dtype of another size.")
    if shape[-1] is not None and shape[-1] * old % new:
        raise ValueError(
            f"the last axis of shape {shape} does not hold a whole number of elements of {params['new']}."
        )
    return (*shape[:-1], None if shape[-1] is None else shape[-1] * old // new)


def _bits_dtype(names, params):
    return None, params["new"]


_bits_dtype.reads_params = True


@primitive(shape=_bits_shape, dtype=_bits_dtype)
def bits(xp, x, *, old, new):
    """Return the memory of x, which has dtype `old`, as dtype `new`; a constant to the tape."""
    return xp.ascontiguousarray(x).reshape(x.shape).view(dtypes.as_numpy(new))


bits.cases = (
    case("3,4:int32", old="int32", new="float32"), case("2,4:int16", old="int16", new="int32"),
    case("3:int32", old="int32", new="uint8"), fails("3:int16", old="int16", new="int32", match="whole number"),
)  # fmt: skip


def rearrange(tensor, pattern, **axes_lengths):
    """Reshape and transpose by a pattern of named axes: "b (h p) c -> b h (p c)" with p=2 cuts and merges axes.

    >>> import numpy as np
    >>> rearrange(np.zeros((2, 6, 3)), "b (h p) c -> b h (p c)", p=2).shape
    (2, 3, 6)
    """
    x = convert_to_tensor(tensor)
    left, arrow, right = pattern.partition("->")
    source, target = _groups(left), _groups(right)
    names = [n for group in source for n in group]
    wanted = [n for group in target for n in group]
    if not arrow or len(set(names)) != len(names) or sorted(names) != sorted(wanted):
        raise ValueError(f"rearrange: both sides of {pattern!r} must name the same axes, each once.")
    if len(source) != len(x.shape):
        raise ValueError(
            f"rearrange: {pattern!r} names {len(source)} axes, the tensor has shape {tuple(x.shape)}."
        )
    sizes = {}
    for group, total in zip(source, x.shape):
        sizes.update(_group_sizes(group, total, axes_lengths, pattern))
    if any(len(group) != 1 for group in source):
        x = reshape(x, _known([sizes[n] for n in names], pattern))
    x = transpose(x, tuple(names.index(n) for n in wanted))
    if all(len(group) == 1 for group in target):
        return x
    merged = [None if None in (s := [sizes[n] for n in group]) else math.prod(s) for group in target]
    return reshape(x, _known(merged, pattern))


def _groups(side):
    tokens = re.findall(r"\(([^()]*)\)|(\w+)", side)
    return [(inner.split() if not name else [name]) for inner, name in tokens]


def _group_sizes(group, total, lengths, pattern):
    """The sizes of the axes that one axis of size `total` is made of; at most one may be left to infer."""
    sizes = {name: lengths.get(name) for name in group}
    open_names = [n for n, size in sizes.items() if size is None]
    if len(open_names) > 1:
        raise ValueError(f"rearrange: give the sizes of all but one of {group} in {pattern!r}.")
    known = math.prod(size for size in sizes.values() if size is not None)
    if total is not None and (total % known if open_names else total != known):
        raise ValueError(f"rearrange: an axis of size {total} can't be cut into {sizes} ({pattern!r}).")
    if open_names:
        sizes[open_names[0]] = None if total is None else total // known
    return sizes


def _known(sizes, pattern):
    if sizes.count(None) > 1:
        raise ValueError(f"rearrange: too many unknown sizes for {pattern!r}; at most one may be None.")
    return tuple(-1 if n is None else n for n in sizes)
