"""Ops in the configs of functional models: what Keras calls each, with which parameters, and back.

Keras writes `{"module": "keras.src.ops.numpy", "class_name": "Sum", "config": {"name": "sum", "axis": 1, ...}}`: the
parameters in the config, the tensors in the call. A composition of kx is written as the primitives it consists of.
"""

import functools
import inspect
import types

from kx_tensor import config, ops
from kx_tensor.primitive import PRIMITIVES, Primitive
from kx_tensor.symbolic import RecordedFunction, find_symbolic

# The modules of Keras in which ops are classes; all others are in "numpy".
_NN = (
    "average_pool", "binary_crossentropy", "categorical_crossentropy", "elu", "gelu", "layer_normalization",
    "leaky_relu", "log_softmax", "max_pool", "multi_hot", "one_hot", "relu", "sigmoid", "silu", "softmax", "softplus",
    "sparse_categorical_crossentropy", "sparsemax", "conv", "depthwise_conv", "conv_transpose",
)  # fmt: skip
_MODULES = {
    **dict.fromkeys(_NN, "nn"),
    **dict.fromkeys(("cast", "stop_gradient", "scatter", "scatter_update", "slice", "slice_update"), "core"),
    **dict.fromkeys(("erf", "erfinv", "top_k_indices"), "math"),
}
_CLASSES = {"choose": "Where", "pick": "GetItem", "einsum_of": "Einsum", "top_k_indices": "TopK"}
_CLASSES["layer_normalization"] = "LayerNorm"
_FUNCTIONS = {"LayerNorm": "layer_normalization"}
# Parameters that Keras has in the call.
_IN_CALL = {"pick": ("key",), "isclose": ("rtol", "atol"), "pad": ("constant_values",), "split": ()}
# Parameters of Keras's configs that kx's primitive does not have.
_ALSO = {
    "max": {"initial": None},
    "min": {"initial": None},
    "top_k_indices": {"sorted": True},
    "one_hot": {"sparse": False},
    "multi_hot": {"sparse": False},
    "layer_normalization": {"rms_scaling": False},
}
# Fused ops that without what they fuse are ops of Keras.
_FUSED = {
    "convolution": "conv",
    "depthwise_convolution": "depthwise_conv",
    "transposed_convolution": "conv_transpose",
}
# Ops that only kx has: a model with one of them is read by kx alone.
_OWN = frozenset((
    "adaptive_average", "adaptive_max", "attention", "average_unpool", "absolute_error", "bits", "convolution",
    "count_elements", "dense", "depthwise_convolution", "diagonal_matrix", "dropout", "dropout_mask", "embedding",
    "group_normalization", "gru", "lstm", "mT", "normalize_batch", "normalize_channels", "put_along_axis",
    "rms_normalization", "scatter_rows", "simple_rnn", "squared_error", "transposed_convolution", "undiagonal",
    "unit_step", "unpad", "unpick",
))  # fmt: skip


def op_entry(node):
    """The module, class name, parameters, call arguments and keywords that stand for an op's node."""
    operation = node.operation
    name = operation.name
    values = _by_name(operation, node.args, node.kwargs)
    if name in _FUSED and values.get("bias") is None and values.get("activation") is None:
        name = _FUSED[name]
        values = {k: v for k, v in values.items() if k not in ("bias", "activation")}
    if name in _OWN or (isinstance(operation, RecordedFunction) and name != "split"):
        return "kx.ops", name, {}, tuple(node.args), dict(node.kwargs)
    in_call = _IN_CALL.get(name, ())
    if isinstance(operation, Primitive):
        arrays = operation.array_names
        params = {k: v for k, v in values.items() if k not in arrays and k not in in_call}
        args = tuple(values[k] for k in arrays if k in values)
        if operation.variadic and name == "einsum_of":
            args = tuple(args[0])
        args += tuple(values[k] for k in in_call if name != "pad")
        kwargs = {"constant_values": values.get("constant_values")} if name == "pad" else {}
        if params.get("data_format", "") is None:
            params["data_format"] = config.image_data_format()
    else:
        x, *_ = values.values()
        params = {k: v for k, v in values.items() if v is not x}
        args, kwargs = (x,), {}
    return (
        f"keras.src.ops.{_MODULES.get(name, 'numpy')}",
        _class_name(name),
        params | _ALSO.get(name, {}),
        args,
        kwargs,
    )


def first_output(operation):
    """The place among the outputs of Keras's op of what kx's op gives."""
    return 1 if operation is PRIMITIVES["top_k_indices"] else 0


def _by_name(operation, args, kwargs):
    """All parameters of a call by name, defaults included."""
    if isinstance(operation, Primitive):
        defaults = {k: v for k, v in {**operation.optional, **operation.statics}.items() if _is_given(v)}
        return {**defaults, **dict(zip(operation.parameters, args)), **kwargs}
    bound = inspect.signature(operation.function).bind(*args, **kwargs)
    bound.apply_defaults()
    return dict(bound.arguments)


def _is_given(default):
    return type(default) is not object


def _class_name(name):
    return _CLASSES.get(name) or "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def op_of(entry):
    """The function that an op's entry in a config stands for. Raises ValueError for an op that kx does not have."""
    name = entry["class_name"]
    params = {k: v for k, v in entry["config"].items() if k != "name"}
    special = _SPECIAL.get(name)
    if special is not None:
        return _on_tensors(special(params))
    op = PRIMITIVES.get(name) if entry.get("module") == "kx.ops" else None
    if op is None:
        op = _public_op(_FUNCTIONS.get(name) or _function_name(name))
    if op is None:
        raise ValueError(f"Unknown op {name!r} in a functional model's config.")
    return _on_tensors(functools.partial(op, **_accepted(op, params)) if params else op)


def _function_name(class_name):
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in class_name).lstrip("_")


def _public_op(name):
    """A function of `kx.ops`; nothing else that the module holds, such as another module."""
    found = None if name.startswith("_") else vars(ops).get(name)
    return found if isinstance(found, (types.FunctionType, Primitive)) else None


def _accepted(op, params):
    """The parameters without those that kx's op does not have and that say nothing."""
    known = inspect.signature(op).parameters
    return {k: v for k, v in params.items() if k in known or not (k == "dtype" or v in (None, False))}


def _on_tensors(op):
    """`op`, refusing a call without a tensor: a graph has none, and it would make arrays as large as a file says."""

    @functools.wraps(op, assigned=())
    def call(*args, **kwargs):
        if not find_symbolic((args, kwargs)):
            raise ValueError(
                "An op in the config of a functional model is called without any tensor of the graph."
            )
        return op(*args, **kwargs)

    return call


def _get_item(x, key):
    """`x[key]`, where the tuple that the key was may have become a list in JSON."""
    return ops.get_item(x, tuple(key) if isinstance(key, list) else key)


_SPECIAL = {
    "GetItem": lambda params: _get_item,
    "get_item": lambda params: _get_item,
    "Einsum": lambda params: functools.partial(ops.einsum, params["subscripts"]),
    "pick": lambda params: (
        lambda x, key: PRIMITIVES["pick"](x, key=tuple(key) if isinstance(key, list) else key)
    ),
}
