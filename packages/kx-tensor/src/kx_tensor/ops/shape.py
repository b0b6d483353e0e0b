"""Changes of shape: the elements stay, their places change."""

import math

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.primitive import primitive
from kx_tensor.symbolic import standardize_shape


def _reshaped(shapes, params):
    shape, new = shapes[0], params["newshape"]
    new = tuple(new) if isinstance(new, (tuple, list)) else (new,)
    if any(n is not None and n < -1 for n in new) or [*new].count(-1) > 1:
        raise ValueError(f"newshape may have one -1 and no other negative size, got {new}.")
    known = math.prod(n for n in new if n not in (-1, None))
    if -1 not in new and None not in new:
        if None not in shape and math.prod(shape) != known:
            raise ValueError(
                f"cannot reshape {shape} ({math.prod(shape)} elements) to {new} ({known} elements)."
            )
        return new
    if None in shape:
        if (
            shape.count(None) == new.count(None) == 1 and -1 in new
        ):  # the None of both is one size, as of `shape(x)`
            rest = math.prod(n for n in shape if n is not None)
            if known and rest % known == 0:
                return tuple(rest // known if n == -1 else n for n in new)
        return tuple(None if n in (-1, None) else n for n in new)
    total = math.prod(shape)
    if known == 0 or total % known:
        raise ValueError(
            f"cannot reshape {shape} ({total} elements) to {new}: {total} is no multiple of {known}."
        )
    return tuple(total // known if n in (-1, None) else n for n in new)


@primitive(shape=_reshaped, dtype=rules.keep)
def reshape(xp, x, *, newshape):
    """Return the same elements, in row-major order, in another shape; one size may be -1.

    >>> reshape([[1, 2], [3, 4]], (-1,)).numpy()
    array([1, 2, 3, 4], dtype=int32)
    """
    return xp.reshape(x, newshape)


reshape.vjp(lambda F, g, x_shape: F.reshape(g, newshape=x_shape))
reshape.cases = (
    case("3,4", newshape=(2, 6)), case("3,4", newshape=(-1,)), case("", newshape=(1, 1)),
    fails("3,4", newshape=(5, 2), match="12 elements"), fails("3,4", newshape=(-1, 5), match="no multiple"),
)  # fmt: skip


def _transposed(shapes, params):
    shape, axes = shapes[0], params.get("axes")
    if axes is None:
        return shape[::-1]
    if len(axes) != len(shape):
        raise ValueError(f"axes must name each of the {len(shape)} axes once, got {tuple(axes)}.")
    return tuple(shape[a] for a in rules.normalize_axes(axes, len(shape)))


@primitive(shape=_transposed, dtype=rules.keep)
def transpose(xp, x, *, axes=None):
    """Return x with its axes in the order `axes` (None: reversed).

    >>> transpose([[1, 2], [3, 4]]).numpy()
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return xp.transpose(x, axes)


def _transpose_dx(F, g, axes):
    if axes is None:
        return F.transpose(g)
    axes = rules.normalize_axes(axes, len(axes))
    return F.transpose(g, axes=tuple([axes.index(i) for i in range(len(axes))]))


transpose.vjp(_transpose_dx)
transpose.cases = (
    case("3,4"),
    case("2,3,4", axes=(1, 2, 0)),
    fails("3,4", axes=(0,), match="each of the 2 axes"),
)


def _broadcast_target(shapes, params):
    shape, target = shapes[0], standardize_shape(params["shape"])
    if len(shape) > len(target) or rules.broadcast_shapes(shape, target) != target:
        raise ValueError(f"cannot broadcast {shape} to {target}.")
    return target


@primitive(shape=_broadcast_target, dtype=rules.keep)
def broadcast_to(xp, x, *, shape):
    """Return x stretched to `shape` by NumPy's broadcasting rules.

    >>> broadcast_to([1, 2], (2, 2)).numpy()
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    if not x.shape:  # a scalar: filling beats the strided view that NumPy makes in Python
        out = xp.empty(shape, x.dtype)
        out.fill(x)
        return out
    return xp.broadcast_to(x, shape)


broadcast_to.vjp(lambda F, g: g)  # the backward walk sums over the stretched axes
broadcast_to.cases = (
    case("3,1", shape=(2, 3, 4)),
    case("", shape=(2,)),
    fails("3", shape=(2, 4), match="broadcast"),
)


def _expanded(shapes, params):
    shape, axis = shapes[0], params["axis"]
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = rules.normalize_axes(axes, len(shape) + len(axes))
    rest = iter(shape)
    return tuple(1 if i in axes else next(rest) for i in range(len(shape) + len(axes)))


@primitive(shape=_expanded, dtype=rules.keep)
def expand_dims(xp, x, *, axis):
    """Return x with axes of size 1 at the places `axis` of the result.

    >>> expand_dims([1, 2], -1).shape
    (2, 1)
    """
    return xp.expand_dims(x, axis)


expand_dims.vjp(lambda F, g, x_shape: F.reshape(g, newshape=x_shape))
expand_dims.cases = case("3,4", axis=1), case("3", axis=(0, -1)), fails("3", axis=4, match="out of range")


def _squeezed(shapes, params):
    shape, axis = shapes[0], params["axis"]
    if axis is None:
        return tuple(n for n in shape if n != 1)  # an unknown size is taken to be more than 1
    axes = rules.normalize_axes(axis, len(shape))
    for a in axes:
        if shape[a] not in (1, None):
            raise ValueError(f"cannot squeeze axis {a} of {shape}: its size is {shape[a]}, not 1.")
    return tuple(n for i, n in enumerate(shape) if i not in axes)


@primitive(shape=_squeezed, dtype=rules.keep)
def squeeze(xp, x, *, axis=None):
    """Return x without the axes `axis` (None: all) of size 1.

    >>> squeeze([[1, 2]]).shape
    (2,)
    """
    return xp.squeeze(x, axis=axis if axis is None or isinstance(axis, int) else tuple(axis))


squeeze.vjp(lambda F, g, x_shape: F.reshape(g, newshape=x_shape))
squeeze.cases = (
    case("1,3", symbolic=False),
    case("3,1,2", axis=1),
    case("1,3,1", axis=(0, -1)),
    fails("3,2", axis=1, match="not 1"),
)


def _swapped_axes(shapes, params):
    shape = list(shapes[0])
    a, b = (rules.normalize_axis(params[k], len(shape)) for k in ("axis1", "axis2"))
    shape[a], shape[b] = shape[b], shape[a]
    return tuple(shape)


@primitive(shape=_swapped_axes, dtype=rules.keep)
def swapaxes(xp, x, *, axis1, axis2):
    """Return x with two axes exchanged.

    >>> swapaxes([[1, 2]], 0, 1).shape
    (2, 1)
    """
    return xp.swapaxes(x, axis1, axis2)


swapaxes.vjp(lambda F, g, axis1, axis2: F.swapaxes(g, axis1=axis1, axis2=axis2))
swapaxes.cases = case("3,4", axis1=0, axis2=1), case("2,3,4", axis1=0, axis2=-1)


@primitive(shape=rules.same, dtype=rules.keep)
def flip(xp, x, *, axis=None):
    """Return x in reverse order along `axis` (None: along all).

    >>> flip([1, 2, 3]).numpy()
    array([3, 2, 1], dtype=int32)
    """
    return xp.flip(x, axis)


flip.vjp(lambda F, g, axis: F.flip(g, axis=axis))
flip.cases = case("3,4"), case("3,4", axis=1)


@primitive(shape=rules.same, dtype=rules.keep)
def roll(xp, x, *, shift, axis=None):
    """Return x with its elements moved `shift` places along `axis`, those that fall off coming back in front.

    >>> roll([1, 2, 3], 1).numpy()
    array([3, 1, 2], dtype=int32)
    """
    return xp.roll(x, shift, axis)


def _opposite(shift):
    return tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift


roll.vjp(lambda F, g, shift, axis: F.roll(g, shift=_opposite(shift), axis=axis))
roll.cases = case("3,4", shift=1), case("3,4", shift=-1, axis=1), case("3,4", shift=(1, 2), axis=(0, 1))


def ravel(x):
    """Return x flattened to one axis.

    >>> ravel([[1, 2], [3, 4]]).numpy()
    array([1, 2, 3, 4], dtype=int32)
    """
    return reshape(x, (-1,))


def moveaxis(x, source, destination):
    """Return x with the axes `source` moved to the places `destination`.

    >>> import numpy as np
    >>> moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    rank = len(x.shape)
    source, destination = rules.normalize_axes(source, rank), rules.normalize_axes(destination, rank)
    if len(source) != len(destination):
        raise ValueError(
            f"moveaxis: source {source} and destination {destination} must have the same length."
        )
    order = [i for i in range(rank) if i not in source]
    for place, axis in sorted(zip(destination, source)):
        order.insert(place, axis)
    return transpose(x, tuple(order))


def shape(x):
    """Return the shape of x as a tuple; unknown sizes of a symbolic tensor are None.

    >>> shape([[1, 2]])
    (1, 2)
    """
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def ndim(x):
    """Return the number of axes of x.

    >>> ndim([[1, 2]])
    2
    """
    return len(shape(x))


def size(x):
    """Return the number of elements of x; a symbolic int32 tensor if a size is unknown.

    >>> size([[1, 2]])
    2
    """
    sizes = shape(x)
    return count_elements(x) if None in sizes else math.prod(sizes)


@primitive(shape=rules.scalar, dtype=rules.index)
def count_elements(xp, x):
    """Return the number of elements of x as an int32 scalar, for graphs in which it is known only at run time."""
    return xp.asarray(x.size, "int32")


count_elements.cases = case("3,4"), case("")
