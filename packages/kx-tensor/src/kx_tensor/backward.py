"""The backward pass: one walk from the latest node to the earliest, applying gradient rules.

A rule is written once. In a plain pass its `F` is a namespace over raw arrays, which costs no tape; when the pass
itself is to be differentiable, `F` is the ops that record.
"""

import functools
import operator

from kx_tensor import dtypes
from kx_tensor.primitive import PRIMITIVES
from kx_tensor.row_sparse import RowSparse, densified
from kx_tensor.tape import Node, OutputNode, gradient_scope, state
from kx_tensor.tensor import Tensor


class RawOps:
    """Op names over raw arrays of one device, for plain backward passes: forwards without tape or casts."""

    def __init__(self, device):
        self._device = device

    def __getattr__(self, name):
        op = functools.partial(_primitive(name).forward, self._device.xp)
        setattr(self, name, op)
        return op


class RecordedOps:
    """Op names over tensors, for backward passes that are differentiated again."""

    def __getattr__(self, name):
        setattr(self, name, _primitive(name))
        return _primitive(name)


def _primitive(name):
    try:
        return PRIMITIVES[name]
    except KeyError:
        raise AttributeError(
            f"No primitive is called {name!r}; gradient rules can use primitives only."
        ) from None


RECORDED = RecordedOps()


_number = operator.attrgetter("number")


def raw_ops(device):
    """Return the RawOps of a device."""
    if device.raw_ops is None:
        device.raw_ops = RawOps(device)
    return device.raw_ops


def backward(roots, seeds, targets=None, record=False, stop_at_targets=False):
    """Carry gradients back from the nodes `roots` and return {node: gradient} for the nodes `targets`.

    `seeds` are the gradients of the roots: raw arrays, or Tensors when `record` is true and the pass itself is to
    be differentiable. Without `targets` every leaf is one. `stop_at_targets` gives partial derivatives: nothing
    flows on through a target. The gradient of a leaf may be a RowSparse, any other is an array.
    """
    grads = {}
    for root, seed in zip(roots, seeds, strict=True):
        grads[root] = seed if root not in grads else grads[root] + seed
    order = _history(grads, targets if stop_at_targets else ())
    useful = None if targets is None else _leading_to(targets, order)
    pull = _pull_back_recorded if record else _pull_back
    add, unbroadcast, as_dtype, dense = operator.add, _unbroadcast, _as_dtype, densified
    if state.recorder is not None and not record:
        add, unbroadcast, as_dtype, dense = (
            functools.partial(state.recorder.call, f) for f in (add, unbroadcast, as_dtype, dense)
        )
    found = {}
    for node in order:
        if node not in grads:
            continue
        grad = grads.pop(node)
        if node.primitive is None and node.__class__ is Node:
            if targets is None or node in targets:
                found[node] = grad
            continue
        if grad.__class__ is RowSparse:
            grad = dense(grad)
        parents = node.parents
        if useful is not None:
            if node in targets:
                found[node] = grad
                if stop_at_targets:
                    continue
            parents = tuple([p if p in useful else None for p in parents])
        if node.__class__ is OutputNode:
            outputs = grads.setdefault(node.source, {})
            outputs[node.index] = grad if node.index not in outputs else add(outputs[node.index], grad)
            continue
        for parent, parent_grad in zip(parents, pull(node, grad, parents)):
            if parent is None or parent_grad is None:
                continue
            if parent_grad.shape != parent.shape:
                parent_grad = unbroadcast(parent_grad, parent.shape)
            if not record and parent_grad.dtype is not parent.dtype:
                parent_grad = as_dtype(parent_grad, parent.dtype)
            known = grads.get(parent)
            grads[parent] = parent_grad if known is None else add(known, parent_grad)
    return found


def _as_dtype(grad, dtype):
    return grad.astype(dtype, copy=False)


def _history(roots, stop):
    """All nodes that `roots` came from, latest first."""
    seen = set(roots)
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in stop:
            continue
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=_number, reverse=True)


def _leading_to(targets, order):
    """The nodes of `order` (latest first) through which a gradient reaches one of `targets`."""
    useful = set(targets)
    for node in reversed(order):
        if node not in useful and any(parent in useful for parent in node.parents):
            useful.add(node)
    return useful


def _unbroadcast(grad, shape):
    """Sum `grad` over the axes that broadcasting added to, or stretched from, `shape`."""
    added = len(grad.shape) - len(shape)
    stretched = [i + added for i, n in enumerate(shape) if n == 1 and grad.shape[i + added] != 1]
    axes = tuple(range(added)) + tuple(stretched)
    if axes:
        grad = grad.sum(axis=axes, keepdims=True)
    return grad.reshape(shape)


def _pull_back(node, grad, parents):
    """The gradients of a node's inputs, on raw arrays."""
    primitive = node.primitive
    if primitive.outputs != 1:
        grad = tuple([grad.get(i) for i in range(len(node.shape))])
    recorder = state.recorder
    if node.kernel_rule is not None:
        needs = tuple([p is not None for p in parents])
        if recorder is not None:
            return recorder.call(node.kernel_rule, grad, node.inputs, node.out, needs, node.params)
        return node.kernel_rule(grad, node.inputs, node.out, needs, node.params)
    if primitive.joint is not None:
        rule, _, sources = primitive.joint
        if recorder is not None:
            return recorder.call(rule, node.device.xp, grad, *_values(node, sources, parents, None))
        return rule(node.device.xp, grad, *_values(node, sources, parents, None))
    rules = primitive.rules
    if primitive.variadic:
        rules = rules * len(parents)
    elif rules[0] is None and not any(rules):
        return [
            g if g is None else g.data for g in _pull_back_twin(node, _as_tensors(grad, node.device), parents)
        ]
    F = raw_ops(node.device)
    if recorder is not None:
        rules = [rule and (functools.partial(recorder.call, rule[0]), *rule[1:]) for rule in rules]
    return [
        None if p is None or rule is None else rule[0](F, grad, *_values(node, rule[2], parents, i))
        for i, (p, rule) in enumerate(zip(parents, rules))
    ]


def _values(node, sources, parents, i):
    """What a rule names, as raw arrays and plain values; the kinds that occur most first."""
    values = []
    for kind, key in sources:
        if kind == "input":
            values.append(node.inputs[key])
        elif kind == "out":
            values.append(node.out)
        elif kind == "needs":
            values.append(tuple([p is not None for p in parents]))
        elif kind == "static":
            values.append(node.params[key] if key in node.params else node.primitive.statics[key])
        elif kind == "shape":
            values.append(node.parents[key].shape)
        elif kind == "shapes":
            values.append([getattr(x, "shape", x) for x in node.inputs])
        else:
            values.append(i if kind == "i" else node.inputs)
    return values


def _recorded_values(node, sources, parents, i):
    """What a rule names, its arrays as tensors with their history."""
    values = _values(node, sources, parents, i)
    for place, (kind, key) in enumerate(sources):
        value = values[place]
        if kind == "input":
            values[place] = _with_history(value, node.parents[key], node.device)
        elif kind == "list":
            values[place] = [_with_history(x, p, node.device) for x, p in zip(value, node.parents)]
        elif kind == "out" and isinstance(value, tuple):
            nodes = [OutputNode(node, k, o.shape, o.dtype, node.device) for k, o in enumerate(value)]
            values[place] = tuple(_with_history(o, n, node.device) for o, n in zip(value, nodes))
        elif kind == "out":
            values[place] = _with_history(value, node, node.device)
    return values


def _pull_back_recorded(node, grad, parents):
    """The gradients of a node's inputs, as tensors that remember how they were computed."""
    primitive = node.primitive
    if primitive.outputs != 1:
        grad = tuple([grad.get(i) for i in range(len(node.shape))])
    if primitive.like is not None:
        grads = _pull_back_twin(node, grad, parents)
    else:
        rules = primitive.rules * (len(parents) if primitive.variadic else 1)
        grads = [
            None if p is None or rule is None
            else rule[0](RECORDED, grad, *_recorded_values(node, rule[2], parents, i))
            for i, (p, rule) in enumerate(zip(parents, rules))
        ]  # fmt: skip
    return [_cast_to(g, p) if p is not None and g is not None else g for g, p in zip(grads, parents)]


def _cast_to(grad, parent):
    return (
        grad if grad.data.dtype == parent.dtype else RECORDED.cast(grad, dtype=dtypes.name_of(parent.dtype))
    )


def _pull_back_twin(node, grad, parents):
    """Differentiate the composite twin of a fused primitive at the node's inputs."""
    inputs = [_with_history(value, history, node.device) for value, history in zip(node.inputs, node.parents)]
    with gradient_scope():  # also in a plain pass, which records nothing else
        out = node.primitive.like(*inputs, **node.params)
    targets = frozenset(p for p in parents if p is not None)
    outs, grad = (out, grad) if isinstance(out, (tuple, list)) else ([out], [grad])
    tracked = [(o.node, g) for o, g in zip(outs, grad) if o.node is not None and g is not None]
    found = backward(
        [n for n, _ in tracked], [g for _, g in tracked], targets, record=True, stop_at_targets=True
    )
    # An input given twice has one node: its whole gradient goes to the first place.
    return [found.pop(p, None) if p is not None else None for p in parents]


def _with_history(value, history, device):
    return Tensor(value, history, device) if hasattr(value, "dtype") else value


def _as_tensors(grad, device):
    if isinstance(grad, tuple):
        return tuple([g if g is None else Tensor(g, None, device) for g in grad])
    return Tensor(grad, None, device)
