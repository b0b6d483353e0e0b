"""Activations as layers: Activation, ReLU, LeakyReLU, PReLU, ELU, Softmax."""

from kx_io import Check, field, non_negative, register
from kx_layers import activations, constraints, initializers, regularizers
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_tensor import ops


@register("layers")
class Activation(Layer):
    """Applies an activation function, given by name or itself.

    >>> import numpy as np
    >>> Activation("relu")(np.array([[-1.0, 2.0]])).numpy()
    array([[0., 2.]], dtype=float32)
    """

    activation = field(to=activations.get, save=activations.serialize)

    supports_masking = True

    def call(self, inputs):
        return self.activation(inputs)


@register("layers")
class ReLU(Layer):
    """x above `threshold`, negative_slope (x - threshold) below it, and at most `max_value`.

    >>> import numpy as np
    >>> ReLU(max_value=1.5)(np.array([[-1.0, 0.5, 2.0]])).numpy()
    array([[0. , 0.5, 1.5]], dtype=float32)
    """

    max_value = field(None, check=Check(lambda x: x is None or x >= 0, "None or a non-negative {number}"))
    negative_slope = field(0.0, check=non_negative)
    threshold = field(0.0, check=non_negative)

    supports_masking = True

    def call(self, inputs):
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@register("layers")
class LeakyReLU(Layer):
    """x where x > 0 and negative_slope x elsewhere (Maas et al. 2013).

    >>> import numpy as np
    >>> LeakyReLU()(np.array([[-1.0, 2.0]])).numpy()
    array([[-0.3,  2. ]], dtype=float32)
    """

    negative_slope = field(0.3, check=non_negative)

    supports_masking = True

    def call(self, inputs):
        return ops.leaky_relu(inputs, self.negative_slope)


@register("layers")
class ELU(Layer):
    """x where x > 0 and alpha (exp(x) - 1) elsewhere (https://arxiv.org/abs/1511.07289).

    >>> import numpy as np
    >>> ELU()(np.array([[-100.0, 2.0]])).numpy()
    array([[-1.,  2.]], dtype=float32)
    """

    alpha = field(1.0)

    supports_masking = True

    def call(self, inputs):
        return ops.elu(inputs, self.alpha)


@register("layers")
class PReLU(Layer):
    """x where x > 0 and alpha x elsewhere, alpha being learnt (https://arxiv.org/abs/1502.01852).

    `alpha` has the shape of a sample, with size 1 on `shared_axes` (counted with the batch axis as 0): after a
    convolution over images (1, 2) leaves one alpha for each channel.

    >>> import numpy as np
    >>> PReLU("ones")(np.array([[-1.0, 2.0]])).numpy()
    array([[-1.,  2.]], dtype=float32)
    """

    alpha_initializer = field("zeros", to=initializers.get)
    alpha_regularizer = field(None, to=regularizers.get)
    alpha_constraint = field(None, to=constraints.get)
    shared_axes = field(
        None, to=lambda axes: axes if axes is None else [axes] if isinstance(axes, int) else list(axes)
    )

    supports_masking = True

    def build(self, input_shape):
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if not 0 < axis < len(input_shape):
                raise ValueError(
                    f"Layer {self.name!r}: shared_axes={self.shared_axes} must lie in 1 to {len(shape)}."
                )
            shape[axis - 1] = 1
        if None in shape:
            raise ValueError(
                f"Layer {self.name!r}: the shape of alpha needs sizes where "
                f"input_shape={tuple(input_shape)} has None; name "
                f"those axes in shared_axes."
            )
        self.alpha = self.add_weight(
            tuple(shape),
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        self.input_spec = InputSpec(
            ndim=len(input_shape),
            axes={i: n for i, n in enumerate(shape, 1) if i not in (self.shared_axes or ())},
        )

    def call(self, inputs):
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


@register("layers")
class Softmax(Layer):
    """exp(x) / sum(exp(x)) over `axis`, a number or several; where `mask` is False the result is 0.

    >>> import numpy as np
    >>> Softmax()(np.array([[1.0, 1.0, 1.0]]), mask=np.array([[True, True, False]])).numpy()
    array([[0.5, 0.5, 0. ]], dtype=float32)
    """

    axis = field(-1)

    supports_masking = True

    def call(self, inputs, mask=None):
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        if mask is None:
            return ops.softmax(inputs, axis)
        low = -3e4 if inputs.dtype == "float16" else -1e9
        return ops.where(mask, ops.softmax(ops.where(mask, inputs, low), axis), 0.0)
