"""Layer and root-mean-square normalization: by the moments of each sample alone."""

from kx_tensor import config, dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.arithmetic import add, multiply
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.shape import reshape
from kx_tensor.ops.standardize import standardize, standardize_again, standardized_twin, through_standardize
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _axes(x, axis):
    return tuple(sorted(rules.normalize_axes(axis, len(x.shape))))


def _layout(x, vector, axis):
    """The shape in which a vector (or matrix, ...) with the sizes of x along `axis` broadcasts to x."""
    axes = _axes(x, axis)
    sizes = [x.shape[i] for i in axes]
    if len(vector.shape) != len(sizes) or any(
        None not in (m, n) and m != n for m, n in zip(vector.shape, sizes)
    ):
        raise ValueError(
            f"x of shape {tuple(x.shape)} with axis={axis} takes vectors of shape {tuple(sizes)}, "
            f"got {tuple(vector.shape)}."
        )
    layout = [1] * len(x.shape)
    for i, n in zip(axes, vector.shape):
        layout[i] = -1 if n is None else n
    return tuple(layout)


def _epsilon(epsilon):
    return config.epsilon() if epsilon is None else epsilon


def _twin(x, gamma, beta, axis, epsilon, centre):
    x = convert_to_tensor(x)
    dtype = dtypes.floating(x.dtype)
    x = cast(x, rules.wide_float(dtype))
    out = standardized_twin(x, _axes(x, axis), _epsilon(epsilon), centre)
    if gamma is not None:
        out = multiply(out, reshape(gamma, _layout(x, gamma, axis)))
    if beta is not None:
        out = add(out, reshape(beta, _layout(x, beta, axis)))
    return cast(out, dtype)


def _layer_twin(x, gamma=None, beta=None, *, axis=-1, epsilon=None):
    return _twin(x, gamma, beta, axis, epsilon, True)


def _forward(xp, x, gamma, beta, axis, epsilon, centre):
    scale = None if gamma is None else gamma.reshape(_layout(x, gamma, axis))
    offset = None if beta is None else beta.reshape(_layout(x, beta, axis))
    out, saved = standardize(xp, widen(x), _axes(x, axis), _epsilon(epsilon), centre)
    if scale is not None:
        out *= scale
    if offset is not None:
        out += offset
    return narrow(out, x.dtype), saved


@primitive(dtype=rules.normalized, like=_layer_twin, saves=True)
def layer_normalization(xp, x, gamma=None, beta=None, *, axis=-1, epsilon=None, keep):
    """Return (x - mean) / sqrt(variance + epsilon) * gamma + beta, by the moments over `axis`, a number or several.

    `epsilon` is `config.epsilon()` unless given. Shapes: gamma and beta have the sizes of x along `axis`.
    Ba et al. 2016, https://arxiv.org/abs/1607.06450

    >>> layer_normalization([[1.0, 3.0]], [1.0, 2.0], epsilon=0.0).numpy()
    array([[-1.,  2.]], dtype=float32)
    """
    return _forward(xp, x, gamma, beta, axis, epsilon, True)


def _grads(xp, g, x, gamma, saved, needs, axis):
    """(gx, ggamma, gbeta)."""
    axes = _axes(x, axis)
    others = tuple([i for i in range(x.ndim) if i not in axes])
    g = widen(g)
    standard = standardize_again(widen(x), saved)
    ggamma = xp.sum(g * standard, axis=others) if needs[1] else None
    gbeta = xp.sum(g, axis=others) if needs[-1] else None
    if not needs[0]:
        return None, ggamma, gbeta
    if gamma is not None:
        g = g * gamma.reshape(_layout(x, gamma, axis))
    return through_standardize(xp, g, standard, saved, axes), ggamma, gbeta


layer_normalization.vjp_joint(_grads)
layer_normalization.cost = lambda x, *rest: 6 * x.size
layer_normalization.cases = (
    case("3,5", epsilon=1e-3), case("3,5", "5", "5", epsilon=0.1), case("2,3,4", "4", axis=2, epsilon=1e-3),
    case("2,3,4", "3,4", "3,4", axis=(1, 2), epsilon=1e-3), case("2,3,4", None, "3", axis=1, epsilon=1e-2),
    case("2,3,4", "2,4", "2,4", axis=[2, 0], epsilon=1e-2), case("7", "7", "7", epsilon=1e-2),
    case("3,1", "1", "1", epsilon=0.5), case("0,4", "4", "4", epsilon=1e-3), case("2,3:int32", epsilon=1e-2, tol=1e-4),
    fails("3,5", "3", match=r"vectors of shape \(5,\)"), fails("3,5", axis=2, match="out of range"),
    fails("3,5", axis=(1, -1), match="twice"),
)  # fmt: skip


def _rms_twin(x, scale=None, *, axis=-1, epsilon=None):
    return _twin(x, scale, None, axis, epsilon, False)


@primitive(dtype=rules.normalized, like=_rms_twin, saves=True)
def rms_normalization(xp, x, scale=None, *, axis=-1, epsilon=None, keep):
    """Return x / sqrt(mean(x^2) + epsilon) * scale, by the mean over `axis`, a number or several.

    `epsilon` is `config.epsilon()` unless given. Shapes: scale has the sizes of x along `axis`.
    Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467

    >>> rms_normalization([[1.0, 7.0]], epsilon=0.0).numpy()
    array([[0.2, 1.4]], dtype=float32)
    """
    return _forward(xp, x, scale, None, axis, epsilon, False)


def _rms_grads(xp, g, x, scale, saved, needs, axis):
    return _grads(xp, g, x, scale, saved, (*needs, False), axis)[:2]


rms_normalization.vjp_joint(_rms_grads)
rms_normalization.cost = lambda x, *rest: 4 * x.size
rms_normalization.cases = (
    case("3,5", epsilon=1e-3), case("3,5", "5", epsilon=0.1), case("2,3,4", "3,4", axis=(1, 2), epsilon=1e-3),
    case("2,3,4", "3", axis=1, epsilon=1e-2), case("7", "7", epsilon=1e-2), case("3,1", "1", epsilon=0.5),
    case("0,4", "4", epsilon=1e-3), case("2,3:int32", epsilon=1e-2, tol=1e-4),
    fails("3,5", "3", match=r"vectors of shape \(5,\)"), fails("3,5", axis=-3, match="out of range"),
)  # fmt: skip


# ---- kernels -------------------------------------------------------------------------------------------------

# They take the last axes, in order, of float32 and float64 arrays: everything else is rare.


def _layer_forward(x, gamma, beta, axis=-1, epsilon=None, keep=False):
    axes = 1 if axis == -1 else len(_axes(x, axis))
    out, mean, inverse = kx_kernels.layer_norm(x, gamma, beta, axes, _epsilon(epsilon), True)
    return out, (mean, inverse)


def _layer_backward(g, inputs, saved, needs, params):
    return _native_grads(g, inputs[0], inputs[1], saved, params.get("axis", -1), True, needs[1] or needs[2])


def _native_grads(g, x, gamma, saved, axis, centre, need_vectors):
    axes = 1 if axis == -1 else len(_axes(x, axis))
    return kx_kernels.layer_norm_grad(narrow(g, x.dtype), x, gamma, *saved, axes, centre, need_vectors)


def _layer_fits(x, gamma, beta, axis=-1, epsilon=None, keep=False):
    return x.dtype.itemsize >= 4 and x.size > 0 and _vectors_fit(x, axis, gamma, beta)


def _vectors_fit(x, axis, *vectors):
    """Whether `axis` names the last axes, and every vector has their sizes."""
    if axis == -1:
        wanted = x.shape[-1:]
    else:
        axes = _axes(x, axis)
        wanted = x.shape[-len(axes) :] if axes else ()
        if not axes or axes[0] != x.ndim - len(axes):
            return False
    return all(v is None or v.shape == wanted for v in vectors)


def _rms_forward(x, scale, axis=-1, epsilon=None, keep=False):
    axes = 1 if axis == -1 else len(_axes(x, axis))
    out, mean, inverse = kx_kernels.layer_norm(x, scale, None, axes, _epsilon(epsilon), False)
    return out, (mean, inverse)


def _rms_backward(g, inputs, saved, needs, params):
    return _native_grads(g, *inputs, saved, params.get("axis", -1), False, needs[1])[:2]


def _rms_fits(x, scale, axis=-1, epsilon=None, keep=False):
    return x.dtype.itemsize >= 4 and x.size > 0 and _vectors_fit(x, axis, scale)


if kx_kernels is not None:
    layer_normalization.kernel("native", _layer_forward, _layer_backward, _layer_fits)
    rms_normalization.kernel("native", _rms_forward, _rms_backward, _rms_fits)
