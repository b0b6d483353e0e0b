"""`custom_gradient`: a function with a gradient rule of the user's own."""

import functools

from kx_tensor import device as devices
from kx_tensor import tape
from kx_tensor.primitive import as_operand
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tape import Node, OutputNode
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable


class _CustomRule:
    """Stands where a node expects its primitive: one gradient function for all inputs."""

    like = None
    variadic = False
    array_names = ()
    statics = {}

    def __init__(self, name, grad_fn, outs, arity, device):
        self.name = name
        self.grad_fn = grad_fn
        self.outputs = len(outs)
        self.results = [(o.data.shape, o.data.dtype) for o in outs]
        self.device = device
        self.joint = (self._on_raw, (), ())
        self.rules = tuple((functools.partial(self._on_tensors, i), (), ()) for i in range(arity))

    def _on_raw(self, xp, grad):
        upstream = grad if isinstance(grad, tuple) else (grad,)
        with tape.no_grad():
            grads = self._call([g if g is None else Tensor(g, None, self.device) for g in upstream])
        return [None if g is None else as_operand(g, self.device).data for g in grads]

    def _on_tensors(self, i, F, grad):
        return self._call(grad if isinstance(grad, tuple) else (grad,))[i]

    def _call(self, upstream):
        """The gradients of the inputs; an output that no gradient arrived at gets zeros."""
        zeros = self.device.xp.zeros
        upstream = [
            Tensor(zeros(shape, kind), None, self.device) if g is None else g
            for g, (shape, kind) in zip(upstream, self.results)
        ]
        grads = self.grad_fn(*upstream)
        grads = list(grads) if isinstance(grads, (tuple, list)) else [grads]
        if len(grads) != len(self.rules):
            raise ValueError(
                f"{self.name}: its gradient function gave {len(grads)} values for {len(self.rules)} inputs."
            )
        return grads


def custom_gradient(f):
    """Return `f` with the gradient it defines itself: `f(*args)` returns (result, grad_fn).

    `grad_fn(*upstream)` returns one gradient per argument, and is itself differentiated for second derivatives.

    >>> from kx_tensor import grad, ops
    >>> @custom_gradient
    ... def log1pexp(x):
    ...     e = ops.exp(x)
    ...     return ops.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> round(float(grad(log1pexp)(100.0)), 3)
    1.0
    """

    @functools.wraps(f)
    def wrapped(*args, **kwargs):
        if any(isinstance(a, KerasTensor) for a in args):
            result, _ = f(*args, **kwargs)
            return result
        device = next((a.device for a in args if isinstance(a, (Tensor, Variable))), devices.current())
        args = [as_operand(a, device) for a in args]
        result, grad_fn = f(*args, **kwargs)
        outs = list(result) if isinstance(result, (tuple, list)) else [result]
        outs = _with_rule(_CustomRule(f.__name__, grad_fn, outs, len(args), device), args, outs)
        return type(result)(outs) if isinstance(result, (tuple, list)) else outs[0]

    return wrapped


def _with_rule(rule, args, outs):
    """`outs` with `rule` as their history, in place of what was recorded inside the function."""
    parents = tuple(a.node for a in args)
    if not tape.state.recording or not any(parents):
        return [Tensor(o.data, None, rule.device) for o in outs]
    shapes, kinds = [o.data.shape for o in outs], [o.data.dtype for o in outs]
    if rule.outputs == 1:
        node = Node(rule, parents, [None] * len(args), None, {}, shapes[0], kinds[0], rule.device)
        return [Tensor(outs[0].data, node, rule.device)]
    node = Node(rule, parents, [None] * len(args), None, {}, shapes, kinds, rule.device)
    nodes = [OutputNode(node, i, s, k, rule.device) for i, (s, k) in enumerate(zip(shapes, kinds))]
    return [Tensor(o.data, n, rule.device) for o, n in zip(outs, nodes)]
