"""Elementwise ops in ONNX."""

import numpy as np

from kx_models.export.onnx_graph import Value, converts
from kx_tensor import dtypes

_SAME = {
    "absolute": "Abs", "arccos": "Acos", "arccosh": "Acosh", "arcsin": "Asin", "arcsinh": "Asinh", "arctan": "Atan",
    "arctanh": "Atanh", "ceil": "Ceil", "cos": "Cos", "cosh": "Cosh", "erf": "Erf", "exp": "Exp", "floor": "Floor",
    "log": "Log", "negative": "Neg", "reciprocal": "Reciprocal", "relu": "Relu", "sigmoid": "Sigmoid", "sign": "Sign",
    "sin": "Sin", "sinh": "Sinh", "softplus": "Softplus", "sqrt": "Sqrt", "tan": "Tan", "tanh": "Tanh",
    "copy": "Identity", "stop_gradient": "Identity", "round": "Round",
}  # fmt: skip
_BINARY = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "true_divide": "Div", "power": "Pow", "maximum": "Max",
    "minimum": "Min", "bitwise_and": "BitwiseAnd", "bitwise_or": "BitwiseOr", "bitwise_xor": "BitwiseXor",
}  # fmt: skip
_COMPARED = {
    "equal": "Equal", "greater": "Greater", "greater_equal": "GreaterOrEqual", "less": "Less",
    "less_equal": "LessOrEqual",
}  # fmt: skip
_LOGICAL = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor"}


@converts(*_SAME)
def same(g, call, x, decimals=0):
    if decimals:
        scale = 10.0**decimals
        raised = g.elementwise("Mul", [x, scale], call)
        return g.elementwise("Div", [g.elementwise("Round", [raised], call), scale], call)
    return g.elementwise(_SAME[call.name], [x], call)


@converts(*_BINARY)
def binary(g, call, x1, x2):
    return g.elementwise(_BINARY[call.name], [x1, x2], call)


@converts(*_COMPARED)
def compared(g, call, x1, x2):
    return g.elementwise(_COMPARED[call.name], [x1, x2], call, common(x1, x2), "bool")


@converts("not_equal")
def not_equal(g, call, x1, x2):
    same = g.elementwise("Equal", [x1, x2], call, common(x1, x2), "bool")
    return g.emit("Not", [same], call.shape, "bool")


@converts(*_LOGICAL)
def logical(g, call, x1, x2):
    return g.emit(_LOGICAL[call.name], [g.as_value(x, "bool") for x in (x1, x2)], call.shape, "bool")


@converts("logical_not")
def logical_not(g, call, x):
    return g.emit("Not", [g.as_value(x, "bool")], call.shape, "bool")


@converts("cast")
def cast(g, call, x, dtype):
    return g.cast(x, call.dtype)


@converts("choose")
def choose(g, call, condition, x1, x2):
    values = [g.as_value(x, call.dtype) for x in (x1, x2)]
    return g.emit("Where", [g.as_value(condition, "bool"), *values], call.shape, call.dtype)


@converts("square")
def square(g, call, x):
    return g.elementwise("Mul", [x, x], call)


@converts("expm1")
def expm1(g, call, x):
    return g.elementwise("Sub", [g.elementwise("Exp", [x], call), 1], call)


@converts("log1p")
def log1p(g, call, x):
    return g.elementwise("Log", [g.elementwise("Add", [x, 1], call)], call)


@converts("log2", "log10")
def log_of_base(g, call, x):
    base = 2.0 if call.name == "log2" else 10.0
    return g.elementwise("Mul", [g.elementwise("Log", [x], call), 1 / np.log(base)], call)


@converts("cbrt")
def cbrt(g, call, x):
    size = g.elementwise("Pow", [g.elementwise("Abs", [x], call), 1 / 3], call)
    return g.elementwise("Mul", [size, g.elementwise("Sign", [x], call)], call)


@converts("trunc")
def trunc(g, call, x):
    size = g.elementwise("Floor", [g.elementwise("Abs", [x], call)], call)
    return g.elementwise("Mul", [size, g.elementwise("Sign", [x], call)], call)


@converts("isnan", "isinf")
def is_special(g, call, x):
    operator = "IsNaN" if call.name == "isnan" else "IsInf"
    return g.emit(operator, [g.cast(x, "float32")], call.shape, "bool")


@converts("isfinite")
def isfinite(g, call, x):
    x = g.cast(x, "float32")
    special = [g.emit(operator, [x], call.shape, "bool") for operator in ("IsNaN", "IsInf")]
    return g.emit("Not", [g.emit("Or", special, call.shape, "bool")], call.shape, "bool")


@converts("nan_to_num")
def nan_to_num(g, call, x, nan=0.0, posinf=None, neginf=None):
    largest = float(np.finfo(dtypes.as_numpy(call.dtype)).max) if dtypes.is_float_dtype(call.dtype) else 0.0
    posinf = largest if posinf is None else posinf
    neginf = -largest if neginf is None else neginf
    for operator, value, attributes in (
        ("IsNaN", nan, {}),
        ("IsInf", posinf, {"detect_negative": 0}),
        ("IsInf", neginf, {"detect_positive": 0}),
    ):
        found = g.emit(operator, [x], call.shape, "bool", **attributes)
        x = g.emit("Where", [found, g.as_value(value, call.dtype), x], call.shape, call.dtype)
    return x


@converts("elu", "leaky_relu")
def slope_below_zero(g, call, x, alpha=1.0, negative_slope=0.2):
    if call.name == "elu":
        return g.elementwise("Elu", [x], call, alpha=float(alpha))
    return g.elementwise("LeakyRelu", [x], call, alpha=float(negative_slope))


@converts("softmax", "log_softmax")
def softmax(g, call, x, axis=-1):
    operator = "Softmax" if call.name == "softmax" else "LogSoftmax"
    return g.elementwise(operator, [x], call, axis=axis)


@converts("unit_step", "signbit")
def steps(g, call, x):
    operator = "Less" if call.name == "signbit" else "Greater"
    return g.cast(g.emit(operator, [x, g.as_value(0, x.dtype)], call.shape, "bool"), call.dtype)


@converts("mod", "floor_divide")
def division_with_rest(g, call, x1, x2):
    if dtypes.is_float_dtype(call.dtype):
        whole = g.elementwise("Floor", [g.elementwise("Div", [x1, x2], call)], call)
        if call.name == "floor_divide":
            return whole
        return g.elementwise("Sub", [x1, g.elementwise("Mul", [whole, x2], call)], call)
    rest = g.elementwise("Mod", [x1, x2], call)  # has the sign of the divisor, as in Python
    if call.name == "mod":
        return rest
    return g.elementwise("Div", [g.elementwise("Sub", [x1, rest], call), x2], call)


@converts("fmod")
def fmod(g, call, x1, x2):
    return g.elementwise("Mod", [x1, x2], call, fmod=1)


@converts("hypot")
def hypot(g, call, x1, x2):
    squares = [g.elementwise("Mul", [x, x], call) for x in (x1, x2)]
    return g.elementwise("Sqrt", [g.elementwise("Add", squares, call)], call)


@converts("logaddexp")
def logaddexp(g, call, x1, x2):
    distance = g.elementwise("Abs", [g.elementwise("Sub", [x1, x2], call)], call)
    rest = log1p(g, call, g.elementwise("Exp", [g.elementwise("Neg", [distance], call)], call))
    return g.elementwise("Add", [g.elementwise("Max", [x1, x2], call), rest], call)


@converts("zeros_like", "ones_like")
def filled_like(g, call, x, dtype=None):
    value = g.as_value(0 if call.name == "zeros_like" else 1, call.dtype)
    return g.emit("Expand", [value, g.sizes(x)], call.shape, call.dtype)


def common(x1, x2):
    """The dtype in which two arguments are compared."""
    kinds = [x.dtype if isinstance(x, Value) else type(x) for x in (x1, x2)]
    return dtypes.result_type(*kinds)
