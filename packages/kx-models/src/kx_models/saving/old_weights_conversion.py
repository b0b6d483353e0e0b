"""Weights of layers of Keras 1 and 2 in the layouts of today's layers."""

import numpy as np

_CONVOLUTIONS = (
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Conv2DTranspose",
    "Conv3DTranspose",
    "SeparableConv1D",
    "SeparableConv2D",
)
_PER_GATE = {"LSTM": 12, "ConvLSTM2D": 12, "GRU": 9}  # arrays where each gate had three of its own
_I_C_F_O = (0, 2, 1, 3)  # Keras 1 had the gates in the order i, c, f, o; now it is i, f, c, o


def converted(layer, arrays, era, moments=False):
    """Return the arrays of a layer's weights in a file of an era as `layer` has them.

    They are in the order of the file: what trains before what doesn't. An array may be None, a place that is kept. With
    `moments` they are an optimizer's averages for the weights rather than weights; ValueError for those that can't be
    told from the file's. Arrays that fit nothing come back as they are: the caller compares the shapes.
    """
    if not era.old:
        return list(arrays)
    kinds = [c.__name__ for c in type(layer).__mro__]
    if "Bidirectional" in kinds:
        half = len(arrays) // 2
        ahead = converted(layer.forward_layer, arrays[:half], era, moments)
        return ahead + converted(layer.backward_layer, arrays[half:], era, moments)
    if "Wrapper" in kinds:
        return converted(layer.layer, arrays, era, moments)
    if "Model" in kinds:
        return _of_model(layer, arrays, era, moments)
    if kinds[0] == "ConvLSTM2D":  # kernels have four axes, biases one
        arrays = [
            _kernel("Conv2D", layer, a, era) if a is not None and len(a.shape) == 4 else a for a in arrays
        ]
    if _PER_GATE.get(kinds[0]) == len(arrays):
        arrays = _joined_gates(arrays)
    if kinds[0] in ("LSTM", "GRU"):
        return _from_cudnn(kinds[0], layer.units, arrays, moments)
    if kinds[0] in _CONVOLUTIONS:
        count = 2 if kinds[0].startswith("Separable") else 1
        kernels = [_kernel(kinds[0], layer, k, era) for k in arrays[:count]]
        return kernels + list(arrays[count:])
    return list(arrays)


# ---- models in models


def _of_model(model, arrays, era, moments):
    """The weights of a model inside a model: those of all layers that train, then the others."""
    layers = [layer for layer in model.layers if layer.weights]
    for per_gate in (True, False) if era.version[0] == 1 else (False,):
        counts = [file_counts(layer, per_gate) for layer in layers]
        if sum(map(sum, counts)) == len(arrays):
            break
    else:
        return list(arrays)
    first, second = 0, sum(trains for trains, _ in counts)
    trainable, fixed = [], []
    for layer, (trains, stays) in zip(layers, counts, strict=True):
        part = [*arrays[first : first + trains], *arrays[second : second + stays]]
        part = converted(layer, part, era, moments)
        kept = len(part) - stays
        trainable += part[:kept]
        fixed += part[kept:]
        first, second = first + trains, second + stays
    return trainable + fixed


def file_counts(layer, per_gate):
    """How many arrays a layer has in a file: (those that train, the others); with `per_gate` three for each gate."""
    count = _count(layer, per_gate)
    stays = len(layer.non_trainable_weights)
    return (count - stays, stays) if layer.trainable_weights else (0, count)


def _count(layer, per_gate):
    kinds = [c.__name__ for c in type(layer).__mro__]
    if "Bidirectional" in kinds:
        return _count(layer.forward_layer, per_gate) + _count(layer.backward_layer, per_gate)
    if "Wrapper" in kinds:
        return _count(layer.layer, per_gate)
    if "Model" in kinds:
        return sum(_count(inner, per_gate) for inner in layer.layers)
    return _PER_GATE[kinds[0]] if per_gate and kinds[0] in _PER_GATE else len(layer.weights)


# ---- recurrent layers


def _joined_gates(arrays):
    """kernel, recurrent kernel and bias from three arrays for each gate."""
    gates = len(arrays) // 3
    order = _I_C_F_O if gates == 4 else range(gates)
    of_gates = [[np.asarray(arrays[3 * gate + part]) for gate in order] for part in range(3)]
    return [np.concatenate(part, axis=-1) for part in of_gates]


def _from_cudnn(kind, units, arrays, moments):
    """CuDNN's kernels are transposed gate by gate, and it has a bias for the inputs and one for the state."""
    gates = 4 if kind == "LSTM" else 3
    if len(arrays) < 3 or arrays[2] is None or arrays[2].shape != (2 * gates * units,):
        return list(arrays)
    if moments and kind == "LSTM":
        raise ValueError("a CuDNNLSTM has two biases, whose averages do not tell those of their sum")
    kernels = np.split(np.asarray(arrays[0]), gates, axis=1)
    recurrent = np.split(np.asarray(arrays[1]), gates, axis=1)
    bias = np.asarray(arrays[2]).reshape(2, -1)
    return [
        np.concatenate([k.T.reshape(k.shape, order="F") for k in kernels], axis=1),
        np.concatenate([k.T for k in recurrent], axis=1),
        bias.sum(axis=0) if kind == "LSTM" else bias,
    ]


# ---- convolutions


def _kernel(kind, layer, kernel, era):
    """A kernel as (*sizes, inputs, filters), or (*sizes, filters, inputs) for transposed convolutions."""
    if kernel is None:
        return None
    rank = layer.rank if hasattr(layer, "rank") else 2
    transposed = kind.endswith("Transpose")
    if era.version[0] == 1:
        kernel = np.asarray(kernel)
        if kind == "Conv1D" and kernel.ndim == 4:  # a sequence was an image of one column
            size = layer.kernel_size[0]
            kernel = kernel[:, 0] if kernel.shape[:2] == (size, 1) else kernel[..., 0].transpose(2, 1, 0)
        elif layer.data_format == "channels_first":  # (filters, inputs, *sizes)
            sizes = range(2, 2 + rank)
            kernel = kernel.transpose(*sizes, 0, 1) if transposed else kernel.transpose(*sizes, 1, 0)
        elif transposed:
            kernel = kernel.swapaxes(-1, -2)
    if era.backend == "theano":  # which convolves, where others correlate
        kernel = np.flip(np.asarray(kernel), axis=tuple(range(rank)))
    return kernel
