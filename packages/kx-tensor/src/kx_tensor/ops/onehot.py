"""Integers as vectors of zeros and ones."""

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.primitive import primitive


def _class_dtype(names, params):
    if params["sparse"]:
        raise ValueError("kx has dense tensors only: leave sparse=False.")
    return (None if names[0] in dtypes.INTS else "int32"), dtypes.standardize_dtype(params["dtype"])


_class_dtype.reads_params = True


def _with_classes(shapes, params):
    shape, classes = shapes[0], params["num_classes"]
    if classes is None or classes < 0:
        raise ValueError(f"num_classes must be a number of classes, got {classes!r}.")
    axis = rules.normalize_axis(params["axis"], len(shape) + 1)
    return (*shape[:axis], int(classes), *shape[axis:])


@primitive(shape=_with_classes, dtype=_class_dtype)
def one_hot(xp, x, *, num_classes, axis=-1, dtype=None, sparse=False):
    """Return vectors that are 1 at the place x and 0 elsewhere, along a new axis; all 0 where x is no class.

    Shapes: x (...) -> (..., num_classes), the new axis at `axis`.

    >>> one_hot([0, 2], 3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    if sparse or num_classes is None or num_classes < 0:
        raise ValueError(
            f"one_hot: expected sparse=False and a number of classes, got {sparse} and {num_classes}."
        )
    classes = xp.arange(num_classes)
    if axis not in (-1, x.ndim):
        classes = classes.reshape((num_classes,) + (1,) * (x.ndim - rules.normalize_axis(axis, x.ndim + 1)))
    hot = xp.expand_dims(x, axis) == classes
    return hot.astype(dtypes.as_numpy(dtypes.standardize_dtype(dtype)))


one_hot.cases = (
    case("3:int32<4", num_classes=4), case("2,3:int64<4", num_classes=4, axis=1),
    case("2,3:uint8<4", num_classes=4, axis=0),
    case("3:int32", num_classes=2), case("", static={"num_classes": 3, "dtype": "int32"}),
    fails("3:int32", num_classes=3, axis=2, match="out of range"),
    fails("3:int32", num_classes=None, match="num_classes"),
    fails("3:int32", num_classes=3, sparse=True, match="dense"),
)  # fmt: skip


def _any_of_classes(shapes, params):
    shape = _with_classes(shapes, params)
    axis = 1 if len(shapes[0]) > 1 else 0
    return shape[:axis] + shape[axis + 1 :]


@primitive(shape=_any_of_classes, dtype=_class_dtype)
def multi_hot(xp, inputs, *, num_classes=None, axis=-1, dtype=None, sparse=False):
    """Return vectors that are 1 at all the places in a row of `inputs`: the maximum of `one_hot` over its second axis.

    Shapes: (n,) -> (num_classes,); (batch, n) -> (batch, num_classes).

    >>> multi_hot([[0, 2], [1, 1]], 3).numpy()
    array([[1., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    hot = one_hot.forward(xp, inputs, num_classes=num_classes, axis=axis, dtype=dtype, sparse=sparse)
    return hot.max(axis=1 if inputs.ndim > 1 else 0)


multi_hot.cases = (
    case("2,3:int32<4", num_classes=4), case("3:int32<4", num_classes=4), case("2,3:int32<4", num_classes=4, axis=2),
    fails("3:int32", match="num_classes"),
)  # fmt: skip
