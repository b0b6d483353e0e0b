"""Nodes of TensorFlow graphs in functional models of TensorFlow 2.0 to 2.3 (`TensorFlowOpLayer`) as its functions.

Such a layer holds a node, `{"op": "Mul", "input": ["dense/BiasAdd", "mul/y"], "attr": {...}}`, and the values of those
of its inputs that are constants. Each op of the allow list becomes the call that `old_tf_ops` knows.
"""

import json

_UNARY = {
    "Relu": "nn.relu", "Relu6": "nn.relu6", "Elu": "nn.elu", "Selu": "nn.selu", "Softplus": "nn.softplus",
    "Softsign": "nn.softsign", "Softmax": "nn.softmax", "LogSoftmax": "nn.log_softmax", "Sigmoid": "math.sigmoid",
    "Tanh": "math.tanh", "Exp": "math.exp", "Log": "math.log", "Log1p": "math.log1p", "Sqrt": "math.sqrt",
    "Rsqrt": "math.rsqrt", "Square": "math.square", "Neg": "math.negative", "Abs": "math.abs", "Sign": "math.sign",
    "Sin": "math.sin", "Cos": "math.cos", "Floor": "math.floor", "Ceil": "math.ceil", "Round": "math.round",
    "Erf": "math.erf", "Reciprocal": "math.reciprocal", "LogicalNot": "math.logical_not", "Identity": "identity",
    "StopGradient": "stop_gradient", "OnesLike": "ones_like", "ZerosLike": "zeros_like",
}  # fmt: skip
_BINARY = {
    "Add": "math.add", "AddV2": "math.add", "BiasAdd": "math.add", "Sub": "math.subtract", "Mul": "math.multiply",
    "RealDiv": "math.divide", "Div": "math.divide", "FloorDiv": "math.floordiv", "FloorMod": "math.floormod",
    "Maximum": "math.maximum", "Minimum": "math.minimum", "Pow": "math.pow", "Equal": "math.equal",
    "NotEqual": "math.not_equal", "Greater": "math.greater", "GreaterEqual": "math.greater_equal", "Less": "math.less",
    "LessEqual": "math.less_equal", "LogicalAnd": "math.logical_and", "LogicalOr": "math.logical_or",
}  # fmt: skip
_REDUCTIONS = {
    "Mean": "math.reduce_mean", "Sum": "math.reduce_sum", "Max": "math.reduce_max", "Min": "math.reduce_min",
    "Prod": "math.reduce_prod", "Any": "math.reduce_any", "All": "math.reduce_all",
}  # fmt: skip
# The names of the operands after the first
_OTHERS = {
    "Reshape": ("reshape", ("shape",)), "ExpandDims": ("expand_dims", ("axis",)), "Transpose": ("transpose", ("perm",)),
    "ClipByValue": ("clip_by_value", ("clip_value_min", "clip_value_max")), "Tile": ("tile", ("multiples",)),
    "SelectV2": ("where", ("x", "y")), "Select": ("where", ("x", "y")), "GatherV2": ("gather", ("indices", "axis")),
    "Pad": ("pad", ("paddings",)), "PadV2": ("pad", ("paddings", "constant_values")),
    "ReverseV2": ("reverse", ("axis",)), "Cumsum": ("math.cumsum", ("axis",)),
    "MatMul": ("linalg.matmul", ("b",)), "BatchMatMulV2": ("linalg.matmul", ("b",)),
}  # fmt: skip
_TYPES = {
    "DT_FLOAT": "float32", "DT_HALF": "float16", "DT_DOUBLE": "float64", "DT_BFLOAT16": "bfloat16",
    "DT_INT32": "int32", "DT_INT64": "int64", "DT_UINT8": "uint8", "DT_BOOL": "bool",
}  # fmt: skip
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def node_call(config, inputs):
    """Return (name of a TensorFlow function, args, kwargs) for a TensorFlowOpLayer called on a list of inputs.

    Raises ValueError for a node that is not in the tables.

    >>> node = {"op": "Mul", "input": ["x", "mul/y"], "attr": {"T": {"type": "DT_FLOAT"}}}
    >>> node_call({"node_def": node, "constants": {"1": 2.0}}, ["x"])
    ('math.multiply', ('x', 2.0), {})
    """
    node = config["node_def"]
    node = json.loads(node) if isinstance(node, str) else node
    op, attributes = node["op"], node.get("attr", {})
    constants = {int(place): value for place, value in (config.get("constants") or {}).items()}
    rest = iter(inputs)
    operands = [constants[i] if i in constants else next(rest) for i in range(len(inputs) + len(constants))]
    if op in _UNARY:
        return _UNARY[op], tuple(operands), {}
    if op in _BINARY:
        return _BINARY[op], tuple(operands), {}
    if op in _REDUCTIONS:
        keep = bool(_attribute(attributes, "keep_dims", "b", False))
        return _REDUCTIONS[op], (operands[0],), {"axis": operands[1], "keepdims": keep}
    if op in _OTHERS and not any(
        _attribute(attributes, name, "b", False) for name in ("adj_x", "adj_y", "transpose_b")
    ):
        name, keys = _OTHERS[op]
        return name, (operands[0],), dict(zip(keys, operands[1:], strict=False))
    if op == "LeakyRelu":
        return "nn.leaky_relu", tuple(operands), {"alpha": float(_attribute(attributes, "alpha", "f", 0.2))}
    if op == "Cast":
        return "cast", tuple(operands), {"dtype": _TYPES[_attribute(attributes, "DstT", "type", "DT_FLOAT")]}
    if op == "ConcatV2":
        return "concat", (operands[:-1],), {"axis": operands[-1]}
    if op == "Pack":
        return "stack", (operands,), {"axis": int(_attribute(attributes, "axis", "i", 0))}
    if op == "Squeeze":
        axes = _attribute(attributes, "squeeze_dims", "list", {}).get("i", [])
        return "squeeze", tuple(operands), {"axis": [int(axis) for axis in axes] or None}
    if op == "StridedSlice":
        return "__operators__.getitem", (operands[0],), {"slice_spec": _slices(operands[1:], attributes)}
    raise ValueError(
        f"The model holds the TensorFlow node {op!r}, for which kx has no op. Build the model with a layer of your own "
        f"in its place, and load the weights alone."
    )


def _attribute(attributes, name, kind, default):
    """An attribute of a node: JSON has `{"b": true}`, `{"i": "1"}`, `{"type": "DT_FLOAT"}`, and nothing for 0."""
    return (attributes.get(name) or {}).get(kind, default)


def _slices(operands, attributes):
    """The key of `x[key]` from the vectors of begins, ends and strides, and bits that say what each place is."""
    masks = [int(_attribute(attributes, name, "i", 0)) for name in _MASKS]
    key = []
    for i, (begin, end, stride) in enumerate(zip(*operands, strict=True)):
        no_begin, no_end, ellipsis, new_axis, one = (mask >> i & 1 for mask in masks)
        if ellipsis:
            key.append("...")
        elif new_axis:
            key.append(None)
        elif one:
            key.append(begin)
        else:
            key.append(
                {"start": None if no_begin else begin, "stop": None if no_end else end, "step": stride}
            )
    return key
