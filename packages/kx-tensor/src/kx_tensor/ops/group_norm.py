"""Group normalization: by the moments of a group of channels of each sample."""

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.arithmetic import add, multiply
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.shape import reshape
from kx_tensor.ops.standardize import standardize, standardize_again, standardized_twin, through_standardize
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _grouped_shape(shapes, params):
    x, *vectors = shapes
    axis, groups = rules.normalize_axis(params["axis"], len(x)), params["groups"]
    if axis == 0:
        raise ValueError("axis 0 holds the samples; the channels lie on another.")
    size = x[axis]
    if groups < 1 or (size is not None and size % groups):
        raise ValueError(f"{groups} groups do not divide the {size} channels on axis {axis} of x {x}.")
    for vector in vectors:
        if len(vector) != 1 or (None not in (size, vector[0]) and vector[0] != size):
            raise ValueError(
                f"expected vectors of shape ({size},), the size of axis {axis} of x, got {vector}."
            )
    return x


def _split(shape, groups, axis):
    """The shape with its channels split into (groups, channels of one), that of a vector beside it, axes of moments."""
    _grouped_shape([shape], {"axis": axis, "groups": groups})
    axis = axis % len(shape)
    split = (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])
    layout = tuple([n if i in (axis, axis + 1) else 1 for i, n in enumerate(split)])
    return split, layout, tuple([i for i in range(1, len(split)) if i != axis])


def _group_twin(x, gamma=None, beta=None, *, groups, axis, epsilon):
    x = convert_to_tensor(x)
    dtype, shape = dtypes.floating(x.dtype), x.shape
    split, layout, axes = _split(shape, groups, axis)
    out = standardized_twin(reshape(cast(x, rules.wide_float(dtype)), split), axes, epsilon)
    if gamma is not None:
        out = multiply(out, reshape(gamma, layout))
    if beta is not None:
        out = add(out, reshape(beta, layout))
    return cast(reshape(out, shape), dtype)


@primitive(shape=_grouped_shape, dtype=rules.normalized, like=_group_twin, saves=True)
def group_normalization(xp, x, gamma=None, beta=None, *, groups, axis, epsilon, keep):
    """Return (x - mean) / sqrt(variance + epsilon) * gamma + beta, by the moments of groups of channels of a sample.

    `groups` divides the number c of channels, which lie on `axis`; as many as channels is instance normalization.
    Shapes: x (n, ..., c, ...), gamma and beta (c,). Wu & He 2018, https://arxiv.org/abs/1803.08494

    >>> group_normalization([[1.0, 3.0, 5.0, 5.0]], groups=2, axis=-1, epsilon=1e-9).numpy().round(3)
    array([[-1.,  1.,  0.,  0.]], dtype=float32)
    """
    split, layout, axes = _split(x.shape, groups, axis)
    out, saved = standardize(xp, widen(x).reshape(split), axes, epsilon)
    if gamma is not None:
        out *= gamma.reshape(layout)
    if beta is not None:
        out += beta.reshape(layout)
    return narrow(out.reshape(x.shape), x.dtype), saved


def _group_grads(xp, g, x, gamma, saved, needs, groups, axis):
    split, layout, axes = _split(x.shape, groups, axis)
    g = widen(g).reshape(split)
    standard = standardize_again(widen(x).reshape(split), saved)
    others = tuple([i for i in range(x.ndim + 1) if i not in (axis % x.ndim, axis % x.ndim + 1)])
    ggamma = xp.sum(g * standard, axis=others).reshape(-1) if needs[1] else None
    gbeta = xp.sum(g, axis=others).reshape(-1) if needs[2] else None
    if not needs[0]:
        return None, ggamma, gbeta
    if gamma is not None:
        g = g * gamma.reshape(layout)
    return through_standardize(xp, g, standard, saved, axes).reshape(x.shape), ggamma, gbeta


group_normalization.vjp_joint(_group_grads)
group_normalization.cost = lambda x, *rest: 6 * x.size
group_normalization.cases = (
    case("3,4", groups=2, axis=-1, epsilon=1e-2), case("2,3,4", "4", "4", groups=2, axis=-1, epsilon=1e-2),
    case("2,6,3", "6", "6", groups=3, axis=1, epsilon=0.1), case("2,2,2,3", "3", None, groups=3, axis=-1, epsilon=1e-2),
    case("2,2,2,2", None, "2", groups=1, axis=1, epsilon=1e-2), case("1,5", "5", groups=1, axis=1, epsilon=0.5),
    case("0,4", "4", "4", groups=2, axis=-1, epsilon=1e-2), case("2,4:int32", groups=2, axis=-1, epsilon=0.1, tol=1e-4),
    fails("2,4", groups=3, axis=-1, epsilon=1e-3, match="3 groups do not divide the 4 channels"),
    fails("2,4", groups=2, axis=0, epsilon=1e-3, match="holds the samples"),
    fails("2,4", "3", groups=2, axis=1, epsilon=1e-3, match=r"vectors of shape \(4,\)"),
)  # fmt: skip


# ---- kernels -------------------------------------------------------------------------------------------------


def _forward(x, gamma, beta, groups, axis, epsilon, keep):
    out, mean, inverse = kx_kernels.group_norm(x, gamma, beta, groups, axis, epsilon)
    return out, (mean, inverse)


def _backward(g, inputs, saved, needs, params):
    x, gamma, _ = inputs
    return kx_kernels.group_norm_grad(narrow(g, x.dtype), x, gamma, *saved, params["groups"], params["axis"])


def _fits(x, gamma, beta, groups, axis, epsilon, keep):
    return x.dtype.itemsize >= 4 and x.size > 0


if kx_kernels is not None:
    group_normalization.kernel("native", _forward, _backward, _fits)
