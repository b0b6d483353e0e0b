"""The class names of Keras 1 with the positional arguments of Keras 1: `Convolution2D(32, 3, 3)`.

Each makes the layer of today's name; with arguments of today it is that class. A subclass of one is its own class.
"""

from kx_layers import conv, conv_transpose, separable_conv
from kx_layers.dense import Dense
from kx_layers.gru import GRU
from kx_layers.lstm import LSTM


class OldName(type):
    """Makes objects of the class `modern`, after `rearrange` has put the positional arguments in today's order."""

    def __call__(cls, *args, **kwargs):
        if "modern" not in vars(cls):
            return super().__call__(*args, **kwargs)
        args, kwargs = vars(cls)["rearrange"](*args, **kwargs)
        return cls.modern(*args, **kwargs)

    def __instancecheck__(cls, instance):
        return isinstance(instance, vars(cls).get("modern", ())) or super().__instancecheck__(instance)

    def __subclasscheck__(cls, other):
        return issubclass(other, vars(cls).get("modern", ())) or super().__subclasscheck__(other)


def _window(rank, *names):
    """The rule that takes `rank` integers after the filters for the sizes of the window, the next ones for `names`."""

    def rearrange(*args, **kwargs):
        sizes = args[1 : 1 + rank]
        if rank > 1 and len(sizes) == rank and all(isinstance(n, int) for n in sizes):
            kwargs.update(zip(names, args[1 + rank :]))
            args = (args[0], tuple(sizes))
        return args, kwargs

    return rearrange


def _as_today(*args, **kwargs):
    return args, kwargs


def _old(name, modern, rearrange=_as_today):
    body = {
        "modern": modern, "rearrange": staticmethod(rearrange), "__module__": __name__,
        "__doc__": f"`{modern.__name__}` by its name of Keras 1, with the positional arguments of Keras 1.",
    }  # fmt: skip
    return OldName(name, (modern,), body)


_two = _window(2, "init", "activation")

Convolution1D = _old("Convolution1D", conv.Conv1D)
Convolution2D = _old("Convolution2D", conv.Conv2D, _two)
Convolution3D = _old("Convolution3D", conv.Conv3D, _window(3, "init", "activation"))
Convolution1DTranspose = _old("Convolution1DTranspose", conv_transpose.Conv1DTranspose)
Convolution2DTranspose = _old("Convolution2DTranspose", conv_transpose.Conv2DTranspose, _two)
Convolution3DTranspose = _old("Convolution3DTranspose", conv_transpose.Conv3DTranspose)
Deconvolution2D = _old(
    "Deconvolution2D", conv_transpose.Conv2DTranspose, _window(2, "output_shape", "init", "activation")
)
Deconvolution3D = _old(
    "Deconvolution3D", conv_transpose.Conv3DTranspose, _window(3, "output_shape", "init", "activation")
)
AtrousConvolution1D = _old("AtrousConvolution1D", conv.Conv1D)
AtrousConvolution2D = _old("AtrousConvolution2D", conv.Conv2D, _two)
SeparableConvolution1D = _old("SeparableConvolution1D", separable_conv.SeparableConv1D)
SeparableConvolution2D = _old("SeparableConvolution2D", separable_conv.SeparableConv2D, _two)
TimeDistributedDense = _old("TimeDistributedDense", Dense)
CuDNNLSTM = _old("CuDNNLSTM", LSTM)
CuDNNGRU = _old("CuDNNGRU", GRU)
