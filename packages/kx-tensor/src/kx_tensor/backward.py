"""The backward pass: one walk from the latest node to the earliest, applying gradient rules.

A rule is written once. In a plain pass its `F` is a namespace over raw arrays, which costs no tape; when the pass
itself is to be differentiable, `F` is the ops that record.
"""

from kx_tensor import dtypes
from kx_tensor.primitive import PRIMITIVES
from kx_tensor.tape import Node, OutputNode
from kx_tensor.tensor import Tensor


class RawOps:
    """Op names over raw arrays of one device, for plain backward passes: forwards without tape or casts."""

    def __init__(self, device):
        self._device = device

    def __getattr__(self, name):
        forward, xp = _primitive(name).forward, self._device.xp

        def op(*args, **params):
            return forward(xp, *args, **params)

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
        raise AttributeError(f"No primitive is called {name!r}; gradient rules can use primitives only.") from None


RECORDED = RecordedOps()


def raw_ops(device):
    """Return the RawOps of a device."""
    if device.raw_ops is None:
        device.raw_ops = RawOps(device)
    return device.raw_ops


def backward(roots, seeds, targets=None, record=False, stop_at_targets=False):
    """Carry gradients back from the nodes `roots` and return {node: gradient} for the nodes `targets`.

    `seeds` are the gradients of the roots: raw arrays, or Tensors when `record` is true and the pass itself is to
    be differentiable. Without `targets` every leaf is one. `stop_at_targets` gives partial derivatives: nothing
    flows on through a target.
    """
    grads = {}
    for root, seed in zip(roots, seeds, strict=True):
        grads[root] = seed if root not in grads else grads[root] + seed
    order = _history(grads, targets if stop_at_targets else ())
    useful = None if targets is None else _leading_to(targets, order)
    pull = _pull_back_recorded if record else _pull_back
    found = {}
    for node in order:
        if node not in grads:
            continue
        grad = grads.pop(node)
        if node.primitive is None and node.__class__ is Node:
            if targets is None or node in targets:
                found[node] = grad
            continue
        parents = node.parents
        if useful is not None:
            if node in targets:
                found[node] = grad
                if stop_at_targets:
                    continue
            parents = tuple([p if p in useful else None for p in parents])
        if node.__class__ is OutputNode:
            outputs = grads.setdefault(node.source, {})
            outputs[node.index] = grad if node.index not in outputs else outputs[node.index] + grad
            continue
        for parent, parent_grad in zip(parents, pull(node, grad, parents)):
            if parent is None or parent_grad is None:
                continue
            if parent_grad.shape != parent.shape:
                parent_grad = _unbroadcast(parent_grad, parent.shape)
            known = grads.get(parent)
            grads[parent] = parent_grad if known is None else known + parent_grad
    return found


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


def _number(node):
    return node.number


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
        grad = _whole(node, grad, node.device.xp.zeros)
    if node.kernel_rule is not None:
        needs = tuple([p is not None for p in parents])
        grads = node.kernel_rule(grad, node.inputs, node.out, needs, node.params)
    elif primitive.joint is not None:
        rule, names = primitive.joint
        grads = rule(node.device.xp, grad, *_arguments(node, names, parents, None, _same))
    elif primitive.rules[0] is None and not any(primitive.rules):
        grads = [g if g is None else g.data for g in _pull_back_twin(node, Tensor(grad, None, node.device), parents)]
    else:
        grads = _apply_rules(node, raw_ops(node.device), grad, parents, _same)
    return [
        g.astype(p.dtype) if p is not None and g is not None and g.dtype != p.dtype else g
        for g, p in zip(grads, parents)
    ]


def _pull_back_recorded(node, grad, parents):
    """The gradients of a node's inputs, as tensors that remember how they were computed."""
    primitive = node.primitive
    if primitive.outputs != 1:
        device = node.device
        grad = _whole(node, grad, lambda shape, dtype: Tensor(device.xp.zeros(shape, dtype), None, device))
    if primitive.like is not None:
        grads = _pull_back_twin(node, grad, parents)
    else:
        grads = _apply_rules(node, RECORDED, grad, parents, _with_history)
    return [
        RECORDED.cast(g, dtype=dtypes.name_of(p.dtype)) if p is not None and g is not None and g.data.dtype != p.dtype else g
        for g, p in zip(grads, parents)
    ]


def _apply_rules(node, F, grad, parents, dress):
    rules = node.primitive.rules
    if node.primitive.variadic:
        rules = rules * len(parents)
    return [
        None if p is None or rule is None else rule[0](F, grad, *_arguments(node, rule[1], parents, i, dress))
        for i, (p, rule) in enumerate(zip(parents, rules))
    ]


def _pull_back_twin(node, grad, parents):
    """Differentiate the composite twin of a fused primitive at the node's inputs."""
    inputs = [_with_history(value, history, node.device) for value, history in zip(node.inputs, node.parents)]
    out = node.primitive.like(*inputs, **node.params)
    targets = frozenset(p for p in parents if p is not None)
    outs, grad = (out, grad) if isinstance(out, (tuple, list)) else ([out], [grad])
    tracked = [(o.node, g) for o, g in zip(outs, grad) if o.node is not None]
    found = backward(
        [n for n, _ in tracked], [g for _, g in tracked], targets, record=True, stop_at_targets=True
    )
    # An input given twice has one node: its whole gradient goes to the first place.
    return [found.pop(p, None) if p is not None else None for p in parents]


def _arguments(node, names, parents, i, dress):
    """The values that a rule names; `dress` turns raw arrays into what the rule's F works on."""
    primitive = node.primitive
    values = []
    for name in names:
        if name in primitive.statics:
            values.append(node.params.get(name, primitive.statics[name]))
        elif name == "out":
            values.append(_dress_out(node, dress))
        elif name == "needs":
            values.append(tuple([p is not None for p in parents]))
        elif name == "i":
            values.append(i)
        elif name == "shapes":
            values.append([getattr(x, "shape", x) for x in node.inputs])
        elif name.endswith("_shape"):
            values.append(node.parents[primitive.array_names.index(name.removesuffix("_shape"))].shape)
        elif primitive.variadic:
            values.append([dress(x, p, node.device) for x, p in zip(node.inputs, node.parents)])
        else:
            index = primitive.array_names.index(name)
            values.append(dress(node.inputs[index], node.parents[index], node.device))
    return values


def _dress_out(node, dress):
    if isinstance(node.out, tuple):
        return tuple(
            dress(o, OutputNode(node, i, o.shape, o.dtype, node.device), node.device) for i, o in enumerate(node.out)
        )
    return dress(node.out, node, node.device)


def _same(value, history, device):
    return value


def _with_history(value, history, device):
    return Tensor(value, history, device) if hasattr(value, "dtype") else value


def _whole(node, grads, zeros):
    """The gradients of all outputs of a node, zeros where none arrived."""
    return tuple([grads[i] if i in grads else zeros(s, d) for i, (s, d) in enumerate(zip(node.shape, node.dtype))])
