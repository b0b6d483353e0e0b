"""Functions of Keras 1 and 2 that other modules of Keras have today, or none: regularizers, constraints, tools."""

import numpy as np

from kx import utils
from kx_io.spellings import note
from kx_layers import constraints, initializers, regularizers
from kx_tensor.variable import Variable


def l1l2(l1=0.01, l2=0.01):
    """Return `L1L2(l1, l2)`.

    >>> l1l2(0.1, 0.2).l2
    0.2
    """
    note("l1l2(...) is of Keras 1; write keras.regularizers.L1L2(l1=..., l2=...).")
    return regularizers.L1L2(l1, l2)


activity_l1l2 = WeightRegularizer = ActivityRegularizer = l1l2


def activity_l1(l=0.01):
    """Return `L1(l)`.

    >>> activity_l1(0.1).l1
    0.1
    """
    note("activity_l1(...) is of Keras 1; write keras.regularizers.L1(...).")
    return regularizers.L1(l)


def activity_l2(l=0.01):
    """Return `L2(l)`.

    >>> activity_l2(0.1).l2
    0.1
    """
    note("activity_l2(...) is of Keras 1; write keras.regularizers.L2(...).")
    return regularizers.L2(l)


maxnorm, nonneg, unitnorm = constraints.MaxNorm, constraints.NonNeg, constraints.UnitNorm


# ---- keras.initializations of Keras 1: functions of a shape ---------------------------------------------------


def _initialization(name):
    def initialize(shape, scale=0.05, name=None, dim_ordering="th"):
        """Return a variable of this shape, as `keras.initializations` of Keras 1 did."""
        kind = initializers.get(name_of)
        if name_of == "uniform":
            kind = initializers.RandomUniform(-scale, scale)
        elif name_of == "normal":
            kind = initializers.RandomNormal(0.0, scale)
        return Variable(kind(shape, "float32"), name=name)

    name_of = name
    initialize.__name__ = name
    return initialize


uniform, normal, zero, one = map(_initialization, ("uniform", "normal", "zeros", "ones"))
lecun_uniform, glorot_normal, glorot_uniform, he_normal, he_uniform = map(
    _initialization, ("lecun_uniform", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform")
)


# ---- keras.utils ---------------------------------------------------------------------------------------------


def probas_to_classes(y_pred):
    """Return the class of the largest probability, or for a single one whether it is above 0.5.

    >>> probas_to_classes(np.array([[0.1, 0.9]]))
    array([1])
    """
    if len(y_pred.shape) > 1 and y_pred.shape[1] > 1:
        return y_pred.argmax(axis=-1)
    return np.array([1 if p > 0.5 else 0 for p in np.ravel(y_pred)])


categorical_probas_to_classes = probas_to_classes


def convert_kernel(kernel):
    """Return a convolution kernel turned around in its window: Theano's convolutions to correlations, and back.

    >>> convert_kernel(np.arange(4.0).reshape(2, 2, 1, 1)).ravel()
    array([3., 2., 1., 0.])
    """
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise ValueError(f"A convolution kernel has 3 to 5 axes, got shape {kernel.shape}.")
    return kernel[tuple(slice(None, None, -1) for _ in range(kernel.ndim - 2))].copy()


def convert_all_kernels_in_model(model):
    """Turn the convolution kernels of a model around, in place: see `convert_kernel`."""
    for layer in model.layers:
        if "Conv" in type(layer).__name__ and hasattr(layer, "kernel"):
            layer.kernel.assign(convert_kernel(layer.kernel.numpy()))


def get_source_inputs(tensor, layer=None, node_index=None):
    """Return the Inputs that a symbolic tensor is made of.

    >>> from kx_layers.input_layer import Input
    >>> x = Input((2,))
    >>> get_source_inputs(x * 2.0)[0] is x
    True
    """
    return utils.get_source_inputs(tensor)


def print_summary(model, line_length=None, positions=None, print_fn=None):
    """Print the model's summary: `model.summary()` does that today."""
    model.summary(line_length=line_length, positions=positions, print_fn=print_fn)


def plot(model, to_file="model.png", show_shapes=False, show_layer_names=True, rankdir="TB"):
    """Draw the model's graph: `keras.utils.plot_model` does that today."""
    note("plot(model, ...) is of Keras 1; write keras.utils.plot_model(model, ...).")
    return utils.plot_model(
        model, to_file=to_file, show_shapes=show_shapes, show_layer_names=show_layer_names, rankdir=rankdir
    )


def multi_gpu_model(model, gpus=None, cpu_merge=True, cpu_relocation=False):
    """Raise NotImplementedError: kx trains on one device.

    >>> multi_gpu_model(None, 2)
    Traceback (most recent call last):
    NotImplementedError: kx trains on one device: use the model itself instead of multi_gpu_model(model, ...).
    """
    raise NotImplementedError(
        "kx trains on one device: use the model itself instead of multi_gpu_model(model, ...)."
    )
