"""Convolutions of raw arrays: windows gathered into the rows of a matrix, times the kernel, block after block.

Arrays have their channels last here. `windows` says what is read; a kernel is (*window, channels / groups, filters).
"""

import math

_BLOCK = 1 << 21  # elements of the matrix of windows, at most (but for one image)


def channels_last(xp, x, windows):
    """Return `x`, which has its channels where `windows` says, with the channels last."""
    return xp.moveaxis(x, 1, -1) if windows.channels_first else x


def restored(xp, x, windows):
    """Return the result of a computation with channels last as `windows` has it."""
    return xp.ascontiguousarray(xp.moveaxis(x, -1, 1)) if windows.channels_first else x


def padded_input(xp, x, windows):
    """Return x (batch, *sizes, channels) with the zeros around it that the windows read."""
    if windows.padded == windows.sizes:
        return x
    wide = xp.zeros((x.shape[0], *windows.padded, x.shape[-1]), x.dtype)
    wide[(slice(None), *windows.inner())] = x
    return wide


def _gathered(xp, x, windows, groups):
    """A view of padded x: (groups, batch, *out, *window, channels / groups)."""
    step = x.strides
    axes = step[1:-1]
    shape = (groups, x.shape[0], *windows.out, *windows.window, x.shape[-1] // groups)
    strides = (
        shape[-1] * step[-1], step[0], *(a * s for a, s in zip(axes, windows.strides)),
        *(a * d for a, d in zip(axes, windows.dilations)), step[-1],
    )  # fmt: skip
    return xp.lib.stride_tricks.as_strided(x, shape, strides)


def _blocks(batch, elements):
    """Slices of the batch for which the matrix of windows has few enough elements; `elements`: of one image."""
    step = max(1, _BLOCK // max(1, elements))
    return [slice(i, min(i + step, batch)) for i in range(0, batch, step)]


def _sizes(x_channels, kernel, windows):
    """(groups, places of an image, elements that a result reads in its group, filters of a group)."""
    groups = x_channels // kernel.shape[-2]
    depth = math.prod(kernel.shape[:-1])
    return groups, math.prod(windows.out), depth, kernel.shape[-1] // groups


def _by_group(xp, kernel, groups, depth):
    """The kernel as one matrix per group: (groups, depth, filters / groups)."""
    return xp.moveaxis(kernel.reshape(depth, groups, -1), 1, 0)


def convolve(xp, x, kernel, windows):
    """Return the sums over windows of x (batch, *sizes, channels): (batch, *out, filters)."""
    groups, places, depth, filters = _sizes(x.shape[-1], kernel, windows)
    batch = x.shape[0]
    matrix = _by_group(xp, kernel, groups, depth)
    out = xp.empty((batch, *windows.out, groups, filters), x.dtype)
    view = _gathered(xp, padded_input(xp, x, windows), windows, groups)
    for block in _blocks(batch, places * depth * groups):
        rows = view[:, block].reshape(groups, -1, depth)
        product = xp.matmul(rows, matrix).reshape(groups, -1, *windows.out, filters)
        out[block] = xp.moveaxis(product, 0, -2)
    return out.reshape(batch, *windows.out, groups * filters)


def kernel_gradient(xp, x, g, kernel_shape, windows):
    """Return the gradient of the kernel from x and g (batch, *out, filters), that of the sums."""
    groups = x.shape[-1] // kernel_shape[-2]
    depth, places = math.prod(kernel_shape[:-1]), math.prod(windows.out)
    total = xp.zeros((groups, depth, kernel_shape[-1] // groups), g.dtype)
    view = _gathered(xp, padded_input(xp, x, windows), windows, groups)
    for block in _blocks(x.shape[0], places * depth * groups):
        rows = view[:, block].reshape(groups, -1, depth)
        total += xp.matmul(rows.swapaxes(1, 2), _filters_by_group(xp, g[block], groups))
    return xp.moveaxis(total, 0, 1).reshape(kernel_shape)


def input_gradient(xp, g, kernel, channels, windows):
    """Return the gradient of x (batch, *sizes, channels) from g (batch, *out, filters)."""
    groups, places, depth, _ = _sizes(channels, kernel, windows)
    batch, window = g.shape[0], windows.window
    matrix = _by_group(xp, kernel, groups, depth).swapaxes(1, 2)
    wide = xp.zeros((batch, *windows.padded, groups, channels // groups), g.dtype)
    for block in _blocks(batch, places * depth * groups):
        rows = xp.matmul(_filters_by_group(xp, g[block], groups), matrix)
        rows = xp.moveaxis(rows.reshape(groups, -1, *windows.out, *window, channels // groups), 0, -2)
        for place, read in windows.taps():
            wide[(block, *read)] += rows[(slice(None),) * (1 + len(window)) + place]
    inner = wide[(slice(None), *windows.inner())]
    return inner.reshape(batch, *windows.sizes, channels)


def _filters_by_group(xp, g, groups):
    """g (batch, *out, filters) as one matrix per group: (groups, batch * places, filters / groups)."""
    return xp.moveaxis(g.reshape(-1, groups, g.shape[-1] // groups), 1, 0)
