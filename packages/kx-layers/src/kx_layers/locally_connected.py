"""`LocallyConnected1D` and `LocallyConnected2D`: convolutions with a kernel of their own at each position."""

import itertools
import math

from kx_io import Check, field, one_of, positive, register
from kx_layers import constraints, initializers, regularizers
from kx_layers.windowed import Windowed, lower
from kx_tensor import ops
from kx_tensor.ops.conv_windows import sliding


def local_convolution(x, kernel, window, strides, positions):
    """Return a convolution with a kernel of its own at each position.

    Shapes: x (batch, *sizes, channels), kernel (number of positions, window * channels, filters) -> (batch, *positions,
    filters).

    >>> local_convolution(ops.ones((1, 3, 1)), ops.ones((2, 2, 1)), (2,), (1,), (2,)).numpy().ravel()
    array([2., 2.], dtype=float32)
    """
    slices = []
    for offset in itertools.product(*map(range, window)):
        index = (slice(o, o + s * (n - 1) + 1, s) for o, s, n in zip(offset, strides, positions))
        slices.append(x[(slice(None), *index)])
    patches = ops.stack(slices, axis=-2)  # batch, *positions, window, channels
    count, depth, filters = kernel.shape
    out = ops.einsum("npd,pdf->npf", ops.reshape(patches, (-1, count, depth)), kernel)
    return ops.reshape(out, (-1, *positions, filters))


class LocallyConnected(Windowed):
    """Base of the two: `activation(patches @ kernel + bias)`, kernel and bias differing from position to position.

    `padding` is "valid". `implementation` says in Keras 2 how kernel is kept; kx keeps it as 1 does.
    """

    filters: int = field(check=positive)
    padding = field("valid", to=lower, check=one_of("valid"))
    kernel_initializer = field("glorot_uniform", to=initializers.get)
    kernel_regularizer = field(None, to=regularizers.get)
    kernel_constraint = field(None, to=constraints.get)
    implementation: int = field(1, check=Check(lambda n: n == 1, "1: kx keeps the kernel in that way only"))
    without_fields = ("dilation_rate",)
    field_order = (
        "filters", "kernel_size", "strides", "padding", "data_format", "activation", "use_bias", "kernel_initializer",
        "bias_initializer", "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint",
        "bias_constraint", "implementation",
    )  # fmt: skip
    dilation_rate = 1

    def _windows(self, input_shape):
        kernel = (*self.kernel_size, None, self.filters)
        return sliding(input_shape, kernel, self.strides, "valid", self.data_format, self.dilation_rate)

    def build(self, input_shape):
        channels = self._read_channels(input_shape)
        positions = self._windows(input_shape).out
        if None in positions:
            raise ValueError(
                f"Layer {self.name!r}: each position has a kernel of its own, so the input's sizes must be known, got "
                f"input_shape={tuple(input_shape)}."
            )
        self.positions = tuple(positions)
        depth = math.prod(self.kernel_size) * channels
        self.kernel = self.add_weight(
            (math.prod(positions), depth, self.filters),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (*positions, self.filters),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, inputs):
        first = self.data_format == "channels_first"
        x = ops.moveaxis(inputs, 1, -1) if first else inputs
        out = local_convolution(x, self.kernel, self.kernel_size, self.strides, self.positions)
        if self.bias is not None:
            out = out + self.bias
        out = self.activation(out)
        return ops.moveaxis(out, -1, 1) if first else out

    def compute_output_shape(self, input_shape):
        windows = self._windows(input_shape)
        return windows.shape(input_shape[0], windows.out, self.filters)


@register("layers")
class LocallyConnected1D(LocallyConnected):
    """A convolution of sequences with a kernel of its own at each position.

    Shapes: (batch, steps, channels) -> (batch, positions, filters). Weights: `kernel` (positions, kernel_size *
    channels, filters), `bias` (positions, filters).

    >>> LocallyConnected1D(4, 3).compute_output_shape((None, 10, 2))
    (None, 8, 4)
    """

    rank = 1


@register("layers")
class LocallyConnected2D(LocallyConnected):
    """A convolution of images with a kernel of its own at each position.

    Shapes: (batch, rows, columns, channels) -> (batch, *positions, filters). Weights: `kernel` (positions, window *
    channels, filters), `bias` (*positions, filters).

    >>> LocallyConnected2D(4, (3, 3)).compute_output_shape((None, 10, 8, 2))
    (None, 8, 6, 4)
    """

    rank = 2
    strides = field((1, 1))
