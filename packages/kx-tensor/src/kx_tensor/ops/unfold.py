"""The windows of images as columns, one array instead of a convolution."""

from kx_tensor.ops.casting import convert_to_tensor
from kx_tensor.ops.conv_windows import as_key, per_axis, sliding
from kx_tensor.ops.indexes import take
from kx_tensor.ops.join import pad
from kx_tensor.ops.shape import reshape, transpose


def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    """Return the windows of images as columns, with the elements of a window in the order (channel, row, column).

    Shapes: x (batch, channels, rows, columns), channels first whatever the global setting -> (batch, channels *
    window, places). `padding` zeros are added on each side; each argument is a number or one per axis. Rows and
    columns must be known.

    >>> unfold([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]], 2).numpy()
    array([[[1., 2.],
            [2., 3.],
            [4., 5.],
            [5., 6.]]], dtype=float32)
    """
    x = x if hasattr(x, "shape") else convert_to_tensor(x)
    if len(x.shape) != 4 or None in x.shape[1:]:
        raise ValueError(
            f"unfold expects (batch, channels, rows, columns) of known size, got shape {tuple(x.shape)}."
        )
    window = per_axis(as_key(kernel_size), 2, "kernel_size")
    rows, cols = per_axis(as_key(padding), 2, "padding", least=0)
    x = pad(x, ((0, 0), (0, 0), (rows, rows), (cols, cols)))
    batch, channels, *sizes = x.shape
    windows = sliding(x.shape, (*window, 1, 1), as_key(stride), "valid", "channels_first", as_key(dilation))
    columns = take(reshape(x, (batch, channels, sizes[0] * sizes[1])), windows.indices(), axis=2)
    places, elements = columns.shape[2:]
    return reshape(transpose(columns, (0, 1, 3, 2)), (batch, channels * elements, places))
