"""Binds Python's operators and the array methods to ops, for Tensor, Variable and KerasTensor alike."""

import numpy as np

from kx_tensor.gradients import leaf_grad, run_backward, set_leaf_grad
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

_BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "mod", "pow": "power", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
_COMPARE = {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"
}  # fmt: skip
_UNARY = {"neg": "negative", "abs": "absolute"}
_METHODS = (
    "sum", "mean", "max", "min", "prod", "std", "var", "any", "all", "argmax", "argmin", "squeeze", "ravel", "swapaxes",
    "cumsum", "cumprod", "round", "clip", "repeat", "take", "copy", "dot", "diagonal", "trace", "sort", "argsort",
)  # fmt: skip


def bind(ops):
    """Give the three kinds of operand their operators and methods, from the namespace `ops`."""
    for kind in (Tensor, Variable, KerasTensor):
        for name, op_name in {**_BINARY, **_COMPARE}.items():
            setattr(kind, f"__{name}__", _forward(getattr(ops, op_name)))
        for name, op_name in _BINARY.items():
            setattr(kind, f"__r{name}__", _reflected(getattr(ops, op_name)))
        for name, op_name in _UNARY.items():
            setattr(kind, f"__{name}__", _unary(getattr(ops, op_name)))
        for name in _METHODS:
            setattr(kind, name, _method(name, getattr(ops, name)))
        kind.__invert__ = lambda self: (
            ops.logical_not(self) if self.dtype == "bool" else ops.bitwise_not(self)
        )
        kind.__pos__ = lambda self: self.value if isinstance(self, Variable) else self
        kind.__getitem__ = lambda self, key: ops.get_item(self, key)
        kind.__round__ = lambda self, ndigits=None: ops.round(self, decimals=ndigits or 0)
        kind.__divmod__ = lambda self, other: (ops.floor_divide(self, other), ops.mod(self, other))
        kind.astype = lambda self, dtype: ops.cast(self, dtype)
        kind.reshape = lambda self, *shape: ops.reshape(self, shape[0] if _is_sequence(shape) else shape)
        kind.transpose = lambda self, *axes: ops.transpose(
            self, (axes[0] if _is_sequence(axes) else axes) or None
        )
        kind.flatten = lambda self: ops.reshape(self, (-1,))
        kind._transpose = lambda self: ops.transpose(self)
        kind.__hash__ = object.__hash__
    Tensor.backward = run_backward
    for kind in (Tensor, Variable):
        kind.grad = property(leaf_grad, set_leaf_grad)


def _is_sequence(args):
    return len(args) == 1 and not isinstance(args[0], int)


def _forward(op):
    def operator(self, other):
        if other is None or other.__class__ is str:
            return NotImplemented
        return op(self, other)

    return operator


def _reflected(op):
    def operator(self, other):
        if other is None or other.__class__ is str:
            return NotImplemented
        return op(other, self)

    return operator


def _unary(op):
    def operator(self):
        return op(self)

    return operator


def _method(name, op):
    def method(self, *args, **kwargs):
        if "out" in kwargs:  # which only NumPy gives: np.max(x), np.mean(x) and the like call the method
            return getattr(np.asarray(self), name)(*args, **kwargs)
        return op(self, *args, **kwargs)

    method.__name__ = op.__name__
    method.__doc__ = op.__doc__
    return method
