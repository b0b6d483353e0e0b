"""Control flow. On values these are plain Python loops; on symbolic tensors one graph node, or both branches."""

import functools

import numpy as np

from kx_tensor import rules, tree
from kx_tensor.custom import custom_gradient as own_gradient
from kx_tensor.gradients import jvp as directional_derivative
from kx_tensor.ops.casting import convert_to_tensor
from kx_tensor.ops.compare import equal
from kx_tensor.ops.indexes import get_item
from kx_tensor.ops.join import concatenate, stack
from kx_tensor.ops.select import choose, clip
from kx_tensor.ops.shape import moveaxis, reshape
from kx_tensor.symbolic import KerasTensor, find_symbolic, record_call

custom_gradient = own_gradient
jvp = directional_derivative


def cond(pred, true_fn, false_fn):
    """Return `true_fn()` if `pred` holds, else `false_fn()`.

    With a symbolic `pred` both are computed when the graph runs, and the result is chosen between.

    >>> cond(True, lambda: "yes", lambda: "no")
    'yes'
    """
    if not isinstance(pred, KerasTensor):
        return true_fn() if bool(pred) else false_fn()
    return tree.map_structure(functools.partial(choose, pred), true_fn(), false_fn())


def switch(index, branches, *operands):
    """Return `branches[index](*operands)`; an index out of bounds means the first or last branch.

    With a symbolic `index` all branches are computed when the graph runs, and the result is chosen among them.

    >>> switch(1, [lambda x: x + 1, lambda x: x * 10], 5)
    50
    """
    if not branches:
        raise ValueError("switch: at least one branch is needed.")
    if not isinstance(index, KerasTensor):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    index = clip(index, 0, len(branches) - 1)
    out = branches[0](*operands)
    for i, branch in enumerate(branches[1:], 1):
        out = tree.map_structure(functools.partial(choose, equal(index, i)), branch(*operands), out)
    return out


def while_loop(cond, body, loop_vars, maximum_iterations=None):
    """Apply `body` to the loop variables while `cond` of them holds, at most `maximum_iterations` times.

    A tuple or list of variables is passed as positional arguments.

    >>> x, y = while_loop(lambda x, y: x < 10, lambda x, y: (x + 1, y * 2), (7, 1))
    >>> int(x), int(y)
    (10, 8)
    """
    if find_symbolic(loop_vars):
        specs = _specs(loop_vars)
        return tree.pack_sequence_as(
            loop_vars, record_call(while_loop, (cond, body, loop_vars, maximum_iterations), {}, specs)
        )
    several = isinstance(loop_vars, (tuple, list))
    state = tree.map_structure(convert_to_tensor, loop_vars)
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and bool(
        cond(*state) if several else cond(state)
    ):
        state = body(*state) if several else body(state)
        if several and not isinstance(state, (tuple, list)):
            state = (state,)
        count += 1
    return tree.pack_sequence_as(loop_vars, [convert_to_tensor(s) for s in tree.flatten(state)])


def _specs(structure):
    return [(tuple(t.shape), t.dtype) for t in (convert_to_tensor(x) for x in tree.flatten(structure))]


def fori_loop(lower, upper, body_fun, init_val):
    """Return the state after `state = body_fun(i, state)` for i from lower up to, without, upper.

    >>> int(fori_loop(0, 10, lambda i, s: s + i, 0))
    45
    """
    if find_symbolic((lower, upper, init_val)):
        outs = record_call(fori_loop, (lower, upper, body_fun, init_val), {}, _specs(init_val))
        return tree.pack_sequence_as(init_val, outs)
    state = tree.map_structure(convert_to_tensor, init_val)
    for i in range(int(lower), int(upper)):
        state = body_fun(convert_to_tensor(i), state)
    return state


def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    """Carry a state along the first axis of xs: `carry, y = f(carry, x)`; return (last carry, all y stacked).

    `xs` may be nested, or None with a `length`. `unroll` is for compilers and changes nothing.

    >>> last, sums = scan(lambda total, x: (total + x, total + x), 0, [1, 2, 3])
    >>> int(last), sums.numpy().tolist()
    (6, [1, 3, 6])
    """
    if not callable(f):
        raise TypeError(f"scan: f must be callable, got {f!r}.")
    if xs is None and length is None:
        raise ValueError("scan: give xs, or length if there are none.")
    xs = _tensors(xs) if xs is not None else None
    if xs is not None and any(len(x.shape) == 0 for x in tree.flatten(xs)):
        raise ValueError("scan: xs must have a first axis to go along, got a scalar.")
    sizes = {x.shape[0] for x in tree.flatten(xs)} if xs is not None else {length}
    if length is not None:
        sizes.discard(None)
        sizes.add(int(length))
    if len(sizes) != 1:
        raise ValueError(f"scan: all of xs and length must agree, got sizes {sorted(sizes, key=str)}.")
    (size,) = sizes
    if find_symbolic((init, xs)):
        return _symbolic_scan(f, init, xs, size, reverse)
    carry, ys = tree.map_structure(convert_to_tensor, init), []
    for i in range(size - 1, -1, -1) if reverse else range(size):
        carry, y = f(carry, _slice_of(xs, i))
        ys.append(y)
    return carry, _stacked(ys[::-1] if reverse else ys)


def _tensors(structure):
    """A structure of tensors; a list of plain numbers is one tensor."""
    if isinstance(structure, dict):
        return {k: _tensors(v) for k, v in structure.items()}
    if isinstance(structure, (list, tuple)) and any(_is_structure(v) for v in structure):
        return type(structure)([_tensors(v) for v in structure])
    return () if isinstance(structure, tuple) and not structure else convert_to_tensor(structure)


def _is_structure(x):
    return hasattr(x, "shape") or isinstance(x, (list, tuple, dict))


def _slice_of(xs, i):
    return None if xs is None else tree.map_structure(lambda x: get_item(x, i), xs)


def _stacked(parts):
    return tree.map_structure(
        lambda *p: None if p[0] is None else stack([convert_to_tensor(x) for x in p]), *parts
    )


def _symbolic_scan(f, init, xs, size, reverse):
    init = tree.map_structure(convert_to_tensor, init)
    carry, y = f(init, _slice_of(xs, 0))
    specs = _specs(carry) + [((size, *shape), dtype) for shape, dtype in _specs(y)]
    outs = record_call(scan, (f, init, xs), {"length": size, "reverse": reverse}, specs)
    count = len(tree.flatten(carry))
    return tree.pack_sequence_as(carry, outs[:count]), tree.pack_sequence_as(y, outs[count:])


def map(f, xs):
    """Return `f` of each slice of xs along the first axis, stacked; xs and the results may be nested.

    >>> map(lambda x: x * x, [1, 2, 3]).numpy()
    array([1, 4, 9], dtype=int32)
    """
    return scan(lambda carry, x: (carry, f(x)), (), xs)[1]


def vectorized_map(function, elements):
    """Return `function` of each slice of the elements along the first axis, stacked; a list of tensors is one argument.

    >>> vectorized_map(lambda pair: pair[0] * pair[1], [[1, 2], [10, 20]]).numpy()
    array([10, 40], dtype=int32)
    """
    return map(function, elements)


def vectorize(pyfunc, *, excluded=None, signature=None):
    """Return a version of `pyfunc` that is applied to every element of its arguments, which are broadcast together.

    `excluded` are positions passed on as they are. `signature`, such as "(m,n),(n)->(m)", makes the last axes of each
    argument part of its elements.

    >>> vectorize(lambda a, b: a + b)([1, 2, 3], 2).numpy()
    array([3, 4, 5], dtype=int32)
    """
    if not callable(pyfunc):
        raise TypeError(f"vectorize: pyfunc must be callable, got {pyfunc!r}.")
    excluded = set(excluded or ())

    @functools.wraps(pyfunc)
    def wrapped(*args):
        places = [i for i in range(len(args)) if i not in excluded]
        core = [0] * len(places) if signature is None else _core_ranks(signature, len(places))
        arrays = [convert_to_tensor(args[i]) for i in places]
        leads = [tuple(a.shape[: len(a.shape) - rank]) for a, rank in zip(arrays, core)]
        lead = rules.broadcast_shapes(*leads)
        results = []
        for index in np.ndindex(lead):
            given = list(args)
            for i, a, own in zip(places, arrays, leads):
                key = index[len(lead) - len(own) :]
                given[i] = get_item(a, tuple([0 if n == 1 else k for k, n in zip(key, own)]))
            results.append(pyfunc(*given))
        return tree.map_structure(lambda *p: _with_lead(p, lead), *results)

    return wrapped


def _core_ranks(signature, count):
    left = signature.replace(" ", "").partition("->")[0]
    groups = left.removeprefix("(").removesuffix(")").split("),(")
    if len(groups) != count:
        raise ValueError(f"vectorize: signature {signature!r} is for {len(groups)} argument(s), got {count}.")
    return [len([name for name in group.split(",") if name]) for group in groups]


def _with_lead(parts, lead):
    out = stack([convert_to_tensor(p) for p in parts])
    return reshape(out, (*lead, *out.shape[1:]))


def associative_scan(f, elems, reverse=False, axis=0):
    """Return f of the first 1, 2, ... elements along `axis`, for an associative f of whole arrays.

    Takes about 2 log2(n) calls of f (Blelloch, "Prefix Sums and Their Applications", 1990).

    >>> associative_scan(lambda a, b: a + b, [1, 2, 3, 4]).numpy()
    array([ 1,  3,  6, 10], dtype=int32)
    """
    if not callable(f):
        raise TypeError(f"associative_scan: f must be callable, got {f!r}.")
    elems = _tensors(elems)
    flat = tree.flatten(elems)
    if any(isinstance(x, KerasTensor) for x in flat):
        outs = record_call(associative_scan, (f, elems), {"reverse": reverse, "axis": axis}, _specs(flat))
        return tree.pack_sequence_as(elems, outs)
    flat = [moveaxis(x, axis, 0) for x in flat]
    if len({x.shape[0] for x in flat}) != 1:
        raise ValueError(
            f"associative_scan: all sizes along axis {axis} must agree, got {[x.shape[0] for x in flat]}."
        )

    def combine(first, second):
        return tree.flatten(f(tree.pack_sequence_as(elems, first), tree.pack_sequence_as(elems, second)))

    if reverse:
        flat = [get_item(x, slice(None, None, -1)) for x in flat]
    outs = _prefixes(combine, flat)
    if reverse:
        outs = [get_item(x, slice(None, None, -1)) for x in outs]
    return tree.pack_sequence_as(elems, [moveaxis(x, 0, axis) for x in outs])


def _prefixes(combine, xs):
    n = xs[0].shape[0]
    if n < 2:
        return xs
    pairs = combine(*[[get_item(x, slice(start, n - 1 + start, 2)) for x in xs] for start in (0, 1)])
    at_odd = _prefixes(combine, pairs)  # the prefixes that end at 1, 3, 5, ...
    later = [get_item(x, slice(2, None, 2)) for x in xs]
    at_even = [get_item(x, slice(0, 1)) for x in xs]
    if later[0].shape[0]:
        joined = combine([get_item(x, slice(0, later[0].shape[0])) for x in at_odd], later)
        at_even = [concatenate([first, rest]) for first, rest in zip(at_even, joined)]
    return [_interleaved(a, b) for a, b in zip(at_even, at_odd)]


def _interleaved(a, b):
    """a[0], b[0], a[1], b[1], ...; a may have one more."""
    n = b.shape[0]
    mixed = reshape(stack([get_item(a, slice(0, n)), b], axis=1), (2 * n, *b.shape[1:]))
    return concatenate([mixed, get_item(a, slice(n, None))]) if a.shape[0] > n else mixed
