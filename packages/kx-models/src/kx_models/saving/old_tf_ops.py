"""TensorFlow functions in functional models of tf.keras (`TFOpLambda`, `SlicingOpLambda`) as kx ops: an allow list."""

from typing import NamedTuple


class Call(NamedTuple):
    """What a TensorFlow function is here: the op, how its arguments are called there and here."""

    op: str
    arguments: dict


_AXIS = {"axis": "axis", "keepdims": "keepdims", "keep_dims": "keepdims", "reduction_indices": "axis"}
_ONE = (
    "abs", "exp", "log", "sqrt", "rsqrt", "square", "sign", "sin", "cos", "tan", "tanh", "sigmoid", "negative",
    "floor", "ceil", "round", "reciprocal", "logical_not", "softplus", "erf", "log1p", "expm1", "sinh", "cosh",
    "is_nan",
)  # fmt: skip
_TWO = (
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "pow", "mod", "floormod", "floordiv", "truediv",
    "equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or",
)  # fmt: skip
_RENAMED = {
    "pow": "power", "floormod": "mod", "floordiv": "floor_divide", "truediv": "true_divide", "is_nan": "isnan",
    "neg": "negative", "ne": "not_equal", "eq": "equal", "ge": "greater_equal", "gt": "greater", "le": "less_equal",
    "lt": "less", "sub": "subtract", "mul": "multiply", "div": "divide",
}  # fmt: skip

_CALLS = {f"math.{name}": Call(_RENAMED.get(name, name), {}) for name in _ONE}
_CALLS |= {f"math.{name}": Call(_RENAMED.get(name, name), {"y": 1}) for name in _TWO}
_CALLS |= {
    f"__operators__.{name}": Call(_RENAMED.get(name, name), {"y": 1})
    for name in (
        "add",
        "sub",
        "mul",
        "div",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "ne",
        "eq",
        "ge",
        "gt",
        "le",
        "lt",
    )
}
_CALLS |= {
    f"math.reduce_{name}": Call(name, _AXIS)
    for name in ("sum", "mean", "max", "min", "prod", "any", "all", "std")
}
_CALLS |= {
    "math.reduce_variance": Call("var", _AXIS),
    "math.reduce_logsumexp": Call("logsumexp", _AXIS),
    "math.argmax": Call("argmax", {"axis": "axis"}),
    "math.argmin": Call("argmin", {"axis": "axis"}),
    "math.cumsum": Call("cumsum", {"axis": "axis"}),
    "math.l2_normalize": Call("normalize", {"axis": "axis"}),
    "math.scalar_mul": Call("multiply", {"x": 1}),
    "__operators__.neg": Call("negative", {}),
    "__operators__.logical_and": Call("logical_and", {"y": 1}),
    "__operators__.logical_or": Call("logical_or", {"y": 1}),
    "__operators__.logical_not": Call("logical_not", {}),
    "linalg.matmul": Call("matmul", {"b": 1}),
    "nn.relu": Call("relu", {}),
    "nn.relu6": Call("relu6", {}),
    "nn.elu": Call("elu", {}),
    "nn.selu": Call("selu", {}),
    "nn.silu": Call("silu", {}),
    "nn.swish": Call("silu", {}),
    "nn.sigmoid": Call("sigmoid", {}),
    "nn.tanh": Call("tanh", {}),
    "nn.softplus": Call("softplus", {}),
    "nn.softsign": Call("softsign", {}),
    "nn.gelu": Call("gelu", {"approximate": "approximate"}),
    "nn.softmax": Call("softmax", {"axis": "axis"}),
    "nn.log_softmax": Call("log_softmax", {"axis": "axis"}),
    "nn.leaky_relu": Call("leaky_relu", {"alpha": "negative_slope"}),
    "concat": Call("concatenate", {"axis": "axis"}),
    "stack": Call("stack", {"axis": "axis"}),
    "unstack": Call("unstack", {"num": "num", "axis": "axis"}),
    "split": Call("split", {"num_or_size_splits": 1, "axis": "axis"}),
    "reshape": Call("reshape", {"shape": 1}),
    "transpose": Call("transpose", {"perm": "axes"}),
    "expand_dims": Call("expand_dims", {"axis": "axis"}),
    "squeeze": Call("squeeze", {"axis": "axis"}),
    "cast": Call("cast", {"dtype": 1}),
    "clip_by_value": Call("clip", {"clip_value_min": 1, "clip_value_max": 2}),
    "pad": Call("pad", {"paddings": 1, "mode": "mode", "constant_values": "constant_values"}),
    "where": Call("where", {"x": 1, "y": 2}),
    "one_hot": Call("one_hot", {"depth": 1, "axis": "axis"}),
    "gather": Call("take", {"indices": 1, "axis": "axis"}),
    "tile": Call("tile", {"multiples": 1}),
    "repeat": Call("repeat", {"repeats": 1, "axis": "axis"}),
    "reverse": Call("flip", {"axis": "axis"}),
    "roll": Call("roll", {"shift": 1, "axis": "axis"}),
    "stop_gradient": Call("stop_gradient", {}),
    "identity": Call("copy", {}),
    "ones_like": Call("ones_like", {}),
    "zeros_like": Call("zeros_like", {}),
}
_DEFAULTS = {"nn.leaky_relu": {"negative_slope": 0.2}, "nn.gelu": {"approximate": False}, "math.argmax": {"axis": 0},
             "math.argmin": {"axis": 0}, "gather": {"axis": 0}, "math.cumsum": {"axis": 0}}  # fmt: skip
_IGNORED = ("name", "output_type", "validate_indices", "batch_dims", "exclusive", "reverse")


def op_call(function, args, kwargs):
    """Return (kx op, args, kwargs) of a call of the TensorFlow function named as in tf.keras configs.

    Raises ValueError for a function that is not in the table, and for an argument that the op does not have.

    >>> op_call("math.multiply", ("x",), {"y": 2.0, "name": None})
    ('multiply', ('x', 2.0), {})
    >>> op_call("nn.leaky_relu", ("x",), {"alpha": 0.1})
    ('leaky_relu', ('x',), {'negative_slope': 0.1})
    """
    if function == "__operators__.getitem":
        return "get_item", (args[0], _key(kwargs.get("slice_spec", args[1:]))), {}
    function = function.removeprefix("compat.v1.")
    call = _CALLS.get(function)
    if call is None:
        raise ValueError(
            f"The model calls the TensorFlow function tf.{function}, for which kx has no op. Build the model with "
            f"a layer of your own in its place, and load the weights alone."
        )
    placed, named = dict(enumerate(args)), dict(_DEFAULTS.get(function, {}))
    for key, value in kwargs.items():
        place = call.arguments.get(key)
        if place is None:
            if value not in (None, False, 0) and key not in _IGNORED[:2]:
                raise ValueError(f"tf.{function}(..., {key}={value!r}) in the model: kx's op has no {key}.")
        elif isinstance(place, int):
            placed[place] = value
        elif value is not None:
            named[place] = value
    if function == "split" and isinstance(placed.get(1), list):
        placed[1] = [
            sum(placed[1][: i + 1]) for i in range(len(placed[1]) - 1)
        ]  # kx, as NumPy, takes the places
    if "mode" in named:
        named["mode"] = named["mode"].lower()
    return call.op, tuple(placed[i] for i in sorted(placed)), named


def _key(spec):
    """The key of `x[key]`: slices are written as dicts, an ellipsis and new axes by name."""
    parts = spec if isinstance(spec, (list, tuple)) else [spec]
    return tuple(_key_part(part) for part in parts)


def _key_part(part):
    if isinstance(part, dict) and part.keys() >= {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": {key: part[key] for key in ("start", "stop", "step")}}
    if part in ("Ellipsis", "..."):
        return {"class_name": "__ellipsis__", "config": {}}
    return part
