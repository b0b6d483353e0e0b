"""The sizes at which kernels are measured: what the workloads of benchmarks/workloads.py give them, and small ones."""

import numpy as np

from floor import flops_of, least_seconds, sizes_of
from kx_tensor.backward import backward
from kx_tensor.cases import case
from kx_tensor.primitive import PRIMITIVES
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

_ROWS = "2560,128", "128", "128"  # normalized in a transformer: words, features
_PICTURES = "64,16,16,32", "32", "32"  # normalized in ResNet-20
_TEXTS = "32,80,128"

TARGETS = ("y_true", "target")  # arguments of losses that need no gradient

SIZES = {
    "dense": (
        case("32,10", "10,16", "16", activation="relu"),
        case("128,784", "784,512", "512", activation="relu", grad=False),
        case("2560,128", "128,512", "512", activation="relu"),
    ),
    "matmul": (case("2560,128", "128,512"), case("512,512", "512,512")),
    "convolution": (
        case("128,28,28,1", "3,3,1,32", "32", activation="relu", grad=False),
        case("128,26,26,32", "3,3,32,64", "64", activation="relu"),
        case("64,32,32,16", "3,3,16,16", padding="same"),
        case("64,16,16,32", "3,3,32,32", padding="same"),
        case("64,8,8,64", "3,3,64,64", padding="same"),
        case("64,32,32,16", "1,1,16,32", strides=2, padding="same"),
    ),
    "transposed_convolution": (case("64,16,16,32", "3,3,16,32", "16", strides=2, padding="same"),),
    "depthwise_convolution": (case("64,16,16,32", "3,3,32,1", "32", padding="same"),),
    "max_pool": (
        case("128,24,24,64", pool_size=2),
        case("64,16,16,32", pool_size=3, strides=2, padding="same"),
        case("32,64,28,28", pool_size=2, data_format="channels_first"),
    ),
    "average_pool": (case("64,16,16,32", pool_size=2), case("64,8,8,64", pool_size=8)),
    "average_unpool": (
        case(
            "64,8,8,32",
            shape=(64, 16, 16, 32),
            pool_size=2,
            strides=2,
            padding="valid",
            data_format="channels_last",
        ),
    ),
    "mean": (
        case("64,8,8,64", axis=(1, 2)),
        case("32,28,28,64", axis=(1, 2)),
        case("32,512,7,7", axis=(2, 3)),
    ),
    "max": (case("32,80,128", axis=1), case("32,28,28,64", axis=(1, 2)), case("32,64,28,28", axis=(2, 3))),
    "normalize_batch": (
        case("128,512", "512", "512", axis=-1, epsilon=1e-3),
        case(*_PICTURES, axis=-1, epsilon=1e-3),
        case("64,32,32,16", "16", "16", axis=-1, epsilon=1e-3),
    ),
    "normalize_channels": (case(*_PICTURES[:2], "32", "32", "32", low=0.5, axis=-1, epsilon=1e-3),),
    "layer_normalization": (case(*_ROWS, epsilon=1e-3),),
    "rms_normalization": (case(*_ROWS[:2], epsilon=1e-3),),
    "group_normalization": (case(*_PICTURES, groups=8, axis=-1, epsilon=1e-3),),
    "lstm": (case(_TEXTS, "128,512", "128,512", "512"), case("1,80,128", "128,512", "128,512", "512")),
    "gru": (
        case(_TEXTS, "128,384", "128,384", "2,384"),
        case("1,80,128", "128,384", "128,384", "2,384"),
        case(_TEXTS, "128,384", "128,384", "384", reset_after=False, recurrent_activation="hard_sigmoid"),
    ),
    "simple_rnn": (case(_TEXTS, "128,128", "128,128", "128"),),
    "attention": (case("32,80,4,32", "32,80,4,32", "32,80,4,32", scale=0.18),),
    "embedding": (case("20000,128", "32,80:int32<20000"),),
    "scatter_rows": (case("32,80,128", "32,80:int32<20000", rows=20000),),
    "dropout": (case("128,512", rate=0.2, seed=(1, 2)), case("128,12,12,64", rate=0.25, seed=(1, 2))),
    "squared_error": (case("32,1", "32,1"), case("1024,512", "1024,512")),
    "absolute_error": (case("32,1", "32,1"), case("1024,512", "1024,512")),
    "categorical_crossentropy": (
        case("128,10", "128,10", low=0.1),
        case("512,1000", "512,1000", from_logits=True),
    ),
    "sparse_categorical_crossentropy": (case("512:int32<1000", "512,1000", from_logits=True),),
    "binary_crossentropy": (
        case("32,1", "32,1", low=0.1, high=0.9),
        case("1024,512", "1024,512", from_logits=True),
    ),
    "softmax": (case("128,10"), case("512,1000")),
    "log_softmax": (case("512,1000"),),
    "relu": (case("128,512"), case("64,32,32,16")),
    **{
        name: (case("128,512"),)
        for name in ("sigmoid", "tanh", "elu", "leaky_relu", "gelu", "silu", "softplus")
    },
}


def with_kernels():
    """Return the names of all primitives that have a native kernel."""
    return [name for name, primitive in PRIMITIVES.items() if primitive.kernels.get("native")]


class Call:
    """A primitive on one case, as a layer calls it: targets have no gradient, nor has the first argument of a case with
    `grad=False`, which is the data. `implementation` is "kernel", "numpy" or "twin".
    """

    def __init__(self, name, case, implementation):
        self.primitive, self.params = PRIMITIVES[name], case.params
        self.arrays = case.arrays()
        self.function = self.primitive.like if implementation == "twin" else self.primitive
        self.kernels = "native" if implementation == "kernel" else None
        constant = {*TARGETS, *([] if case.grad else self.primitive.array_names[:1])}
        self.gradients = 2 if case.grad else 1  # products in the backward pass for one in the forward pass
        self.arguments = [
            _operand(array, argument not in constant)
            for argument, array in zip(self.primitive.array_names, self.arrays)
        ]

    def forward(self):
        """Run the operation and note how to go back."""
        return self.function(*self.arguments, **self.params)

    def end(self):
        """Return the node of the first result, and a gradient for it: the others get none in training."""
        out = self.forward()
        out = out[0] if isinstance(out, tuple) else out
        return out.node, np.ones_like(out.data)

    def floor(self, direction):
        """Return the least seconds that the operation can take in "forward" or "backward" direction."""
        flops = flops_of(self.primitive, self.arrays, self.params)
        node, g = self.end()  # the result has the size of its gradient
        if direction == "forward":
            return least_seconds(flops, sizes_of(self.primitive, self.arrays, g))
        found = list(backward([node], [g]).values())
        return least_seconds(self.gradients * flops, sizes_of(self.primitive, self.arrays, g, found))


def _operand(array, differentiated):
    if not hasattr(array, "dtype"):
        return array
    return Variable(array) if array.dtype.kind == "f" and differentiated else Tensor(array)
