"""What users call for gradients: `grad`, `value_and_grad`, `GradientTape`, `custom_gradient`, `stop_gradient`."""

import functools

from kx_tensor import device as devices
from kx_tensor import dtypes, tape, tree
from kx_tensor.backward import backward
from kx_tensor.primitive import PRIMITIVES, as_operand, to_raw
from kx_tensor.row_sparse import densified
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable


def gradients(target, sources, seed=None, record=None):
    """Return the gradients of `target` with respect to tensors or variables that carry tape nodes.

    A source that `target` does not depend on gets None. `seed` is the gradient of `target` (default: ones).
    `record` makes the result differentiable; by default it is so inside an open gradient scope.
    """
    sources = list(sources)
    record = tape.state.scopes > 0 if record is None else record
    if target.node is None:
        return [None] * len(sources)
    if seed is None:
        raw = target.device.xp.ones_like(target.data)
        seed = Tensor(raw, None, target.device) if record else raw
    else:
        if not isinstance(seed, (Tensor, Variable)):
            seed = to_raw(seed, target.device, target.data.dtype)
        if tuple(seed.shape) != tuple(target.shape):
            raise ValueError(
                f"The gradient of a result of shape {target.shape} was given with shape {tuple(seed.shape)}."
            )
        seed = as_operand(seed, target.device) if record else to_raw(seed, target.device)
    targets = frozenset(s.node for s in sources if s.node is not None)
    if record:
        found = backward([target.node], [seed], targets, record=True)
        return [found.get(s.node) if s.node is not None else None for s in sources]
    with tape.no_grad():
        found = backward([target.node], [seed], targets)
    return [Tensor(densified(found[s.node]), None, s.device) if s.node in found else None for s in sources]


def _argument(x):
    """An argument that a gradient is taken of, as a tensor with a tape node of its own; a variable stays what it is.

    A tensor with a history gets a new node on top of it, so that the gradient is a partial one: what other arguments,
    or the same tensor given twice, have to do with each other does not enter.
    """
    if isinstance(x, Variable):
        return x
    x = as_operand(x, devices.current())
    if not dtypes.is_float_dtype(x.dtype):
        raise TypeError(
            f"Gradients are of float arguments, got dtype {x.dtype} (for a Python int write 2.0 instead of 2)."
        )
    shape, dtype = x.data.shape, x.data.dtype
    if x.node is None:
        return Tensor(x.data, tape.leaf(shape, dtype, x.device), x.device)
    return Tensor(
        x.data, tape.Node(PRIMITIVES["copy"], (x.node,), [None], None, {}, shape, dtype, x.device), x.device
    )


def value_and_grad(fn, argnums=0, has_aux=False):
    """Return a function that computes `fn(*args)` and its gradient with respect to argument(s) `argnums`.

    `fn` returns a scalar, or (scalar, anything) with `has_aux`. Arguments may be nested lists and dicts of arrays.

    >>> value, g = value_and_grad(lambda x: (x * x).sum())([1.0, 2.0])
    >>> float(value), g.numpy()
    (5.0, array([2., 4.], dtype=float32))
    """
    several = isinstance(argnums, (tuple, list))

    @functools.wraps(fn)
    def compute(*args, **kwargs):
        with tape.gradient_scope():
            args = list(args)
            positions = list(argnums) if several else [argnums]
            sources = []
            for i in positions:
                args[i] = (
                    tree.map_structure(_argument, args[i]) if _is_nested(args[i]) else _argument(args[i])
                )
                sources.append(args[i])
            result = fn(*args, **kwargs)
            value = result[0] if has_aux else result
            _check_scalar(value, "grad")
        flat = tree.flatten(sources)
        grads = gradients(value, flat)
        grads = [
            g if g is not None else Tensor(s.device.xp.zeros_like(s.data), None, s.device)
            for g, s in zip(grads, flat)
        ]
        packed = tree.pack_sequence_as(sources, grads)
        return result, tuple(packed) if several else packed[0]

    return compute


def grad(fn, argnums=0, has_aux=False):
    """Return a function that computes the gradient of the scalar function `fn`; grad(grad(f)) works.

    >>> grad(lambda x: x ** 3)(2.0).numpy().item(), grad(grad(lambda x: x ** 3))(2.0).numpy().item()
    (12.0, 12.0)
    """
    both = value_and_grad(fn, argnums, has_aux)

    @functools.wraps(fn)
    def compute(*args, **kwargs):
        result, g = both(*args, **kwargs)
        return (g, result[1]) if has_aux else g

    return compute


def jvp(fun, primals, tangents, has_aux=False):
    """Return `fun(*primals)` and its derivative in the direction `tangents`, both in the structure of its result.

    The pullback is linear in its upstream gradient u, so the derivative of <pullback(u), tangents> with respect to u is
    what the tangents are carried to. With `has_aux`, `fun` returns (result, aux) and aux comes third.

    >>> out, slope = jvp(lambda x: x * x, (3.0,), (1.0,))
    >>> float(out), float(slope)
    (9.0, 6.0)
    """
    if len(primals) != len(tangents):
        raise ValueError(f"jvp: {len(primals)} primals need as many tangents, got {len(tangents)}.")
    with tape.gradient_scope():
        inputs = [tree.map_structure(_argument, p) if _is_nested(p) else _argument(p) for p in primals]
        result = fun(*inputs)
        out, aux = result if has_aux else (result, None)
        outs, sources = tree.flatten(out), tree.flatten(inputs)
        upstream = [
            Tensor(o.device.xp.zeros_like(o.data), tape.leaf(o.shape, o.data.dtype, o.device), o.device)
            for o in outs
        ]
        carried = [None] * len(sources)
        for o, u in zip(outs, upstream):
            found = gradients(o, sources, seed=u, record=True)
            carried = [a if b is None else b if a is None else a + b for a, b in zip(carried, found)]
        flat = [t for p, t in zip(primals, tangents) for t in (tree.flatten(t) if _is_nested(p) else [t])]
        total = None
        for g, t in zip(carried, flat, strict=True):
            if g is not None:
                part = (g * to_raw(t, g.device, g.data.dtype)).sum()
                total = part if total is None else total + part
    slopes = [None] * len(outs) if total is None else gradients(total, upstream, record=tape.state.scopes > 0)
    slopes = [
        Tensor(o.device.xp.zeros_like(o.data), None, o.device) if s is None else s
        for s, o in zip(slopes, outs)
    ]
    packed = tree.pack_sequence_as(out, slopes)
    return (out, packed, aux) if has_aux else (out, packed)


def _is_nested(x):
    if isinstance(x, (list, tuple)):
        return any(isinstance(i, (Tensor, Variable, list, tuple, dict)) or hasattr(i, "dtype") for i in x)
    return isinstance(x, dict)


def _check_scalar(value, what):
    if isinstance(value, KerasTensor) or not isinstance(value, (Tensor, Variable)):
        raise TypeError(f"{what} needs a function that returns a scalar Tensor, got {type(value).__name__}.")
    if value.size != 1:
        raise ValueError(
            f"{what} needs a scalar result, got shape {value.shape}; reduce it, e.g. with `.sum()`."
        )


def run_backward(tensor, gradient=None):
    """Add the gradient of this tensor to `grad` of each variable and watched tensor that it was made of.

    `gradient` is the gradient of the tensor itself; it may be left out for a scalar. As in PyTorch `grad` accumulates
    over calls until it is set to None.

    >>> v = Variable([1.0, 2.0])
    >>> (v * v).sum().backward()
    >>> v.grad.numpy()
    array([2., 4.], dtype=float32)
    """
    if tensor.node is None:
        raise ValueError("backward(): this tensor depends on no trainable variable or watched tensor.")
    if gradient is None and tensor.size != 1:
        raise ValueError(f"backward() needs a scalar, or gradient=..., got shape {tensor.shape}.")
    device = tensor.device
    seed = (
        device.xp.ones_like(tensor.data) if gradient is None else to_raw(gradient, device, tensor.data.dtype)
    )
    if seed.shape != tensor.shape:
        raise ValueError(f"backward(): gradient of shape {seed.shape} for a tensor of shape {tensor.shape}.")
    with tape.no_grad():
        found = backward([tensor.node], [seed])
    for node, grad in found.items():
        grad = densified(grad)
        known = getattr(node, "grad", None)
        node.grad = Tensor(grad if known is None else known.data + grad, None, node.device)


def leaf_grad(tensor):
    """The gradient that `backward()` gathered for a variable or watched tensor, or None."""
    return getattr(tensor.node, "grad", None)


def set_leaf_grad(tensor, value):
    """Set what `backward()` adds to; None starts afresh. It is kept on the tape node, so it goes with its owner."""
    if tensor.node is None or tensor.node.parents:
        if value is None:
            return
        raise ValueError("Only a trainable variable or a watched tensor has a `grad`.")
    tensor.node.grad = None if value is None else as_operand(value, tensor.device)


class GradientTape:
    """Record what happens in the `with` block and give gradients of it.

    Trainable variables are watched by themselves; other tensors through `watch`. Tapes nest for higher derivatives.

    >>> v = Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = v * v
    >>> tape.gradient(y, v).numpy().item()
    6.0
    """

    def __init__(self, persistent=False, watch_accessed_variables=True):
        self.persistent = persistent
        self._scope = tape.gradient_scope()
        self._used = False
        if not watch_accessed_variables:
            raise ValueError(
                "GradientTape always watches trainable variables; set `variable.trainable = False` instead."
            )

    def __enter__(self):
        self._scope.__enter__()
        return self

    def __exit__(self, *exc):
        self._scope.__exit__(*exc)

    def watch(self, tensor):
        """Make a tensor (or each in a nested structure) a source for `gradient`; integers have no gradient."""
        for t in tree.flatten(tensor):
            if not isinstance(t, (Tensor, Variable)):
                raise TypeError(f"GradientTape.watch expects tensors, got {type(t).__name__}.")
            if t.node is None and isinstance(t, Tensor) and dtypes.is_float_dtype(t.dtype):
                t.node = tape.leaf(t.data.shape, t.data.dtype, t.device)

    def gradient(self, target, sources, output_gradients=None):
        """Return d target / d source for each source, in the structure of `sources`; None where there is none."""
        if self._used and not self.persistent:
            raise RuntimeError(
                "This GradientTape gave its gradient already; make it with persistent=True for more."
            )
        self._used = True
        flat = tree.flatten(sources)
        total = [None] * len(flat)
        seeds = []
        if output_gradients is not None:
            tree.map_structure_up_to(target, lambda _, seed: seeds.append(seed), target, output_gradients)
        for i, t in enumerate(tree.flatten(target)):
            found = gradients(t, flat, seeds[i] if seeds else None)
            total = [a if b is None else b if a is None else a + b for a, b in zip(total, found)]
        return tree.pack_sequence_as(sources, total)
