"""What follows the sums of a convolution in the same node: a bias and a relu."""

from kx_tensor.ops.activation import relu
from kx_tensor.ops.arithmetic import add
from kx_tensor.precision import ZEROS, widen


def check_finish(channels, bias_shape, activation):
    """Raise ValueError unless the activation is None or "relu" and a bias has an element for each channel."""
    if activation not in (None, "relu"):
        raise ValueError(f"activation must be None or 'relu', got {activation!r}.")
    if bias_shape is None:
        return
    if len(bias_shape) != 1 or (None not in (channels, *bias_shape) and bias_shape[0] != channels):
        raise ValueError(f"expected a bias of shape ({channels},), got {tuple(bias_shape)}.")


def shape_of(bias):
    """Return the shape of an array, None for None."""
    return None if bias is None else bias.shape


def finish(xp, out, bias, activation):
    """Return activation(out + bias), in place; the channels are last."""
    if bias is not None:
        out += bias
    if activation is not None:
        xp.maximum(out, ZEROS[out.dtype], out=out)
    return out


def composed_finish(out, bias, activation):
    """Return the same as a composition of ops."""
    out = out if bias is None else add(out, bias)
    return out if activation is None else relu(out)


def before_finish(g, out, activation):
    """Return the gradient of the sums, not in half precision, from that of what came out of `finish`."""
    return widen(g) if activation is None else widen(g) * (out > 0)
