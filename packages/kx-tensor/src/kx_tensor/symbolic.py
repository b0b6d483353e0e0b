"""Symbolic tensors: a shape whose sizes may be None, a dtype, and the graph node that would compute them."""

import functools

from kx_tensor import dtypes, naming
from kx_tensor.tensor import Operand


class GraphNode:
    """One call recorded symbolically: `operation(*args, **kwargs)`, whose tensors may sit anywhere in the arguments.

    A node points back to its input tensors; outputs are known by (node, index), so the graph has no cycles.
    """

    __slots__ = ("operation", "args", "kwargs", "inputs", "output_specs", "__weakref__")

    def __init__(self, operation, args, kwargs):
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.inputs = find_symbolic((args, kwargs))
        self.output_specs = ()

    def finish(self, outputs):
        """Note the shapes, dtypes and names of the outputs."""
        self.output_specs = tuple((o.shape, o.dtype, o.name) for o in outputs)

    @property
    def outputs(self):
        """The output tensors (equal to, though not the same objects as, those the call returned)."""
        return [
            KerasTensor(s, d, name=n, node=self, index=i) for i, (s, d, n) in enumerate(self.output_specs)
        ]

    @property
    def is_input(self):
        """Whether the node stands for data that enters the graph."""
        return not self.inputs

    def __repr__(self):
        return f"<GraphNode {getattr(self.operation, 'name', self.operation)}>"


class KerasTensor(Operand):
    """A symbolic tensor: what `Input` returns and what layers and ops make of it. Sizes may be None.

    >>> from kx_tensor import ops
    >>> x = KerasTensor((None, 3), "float32")
    >>> ops.matmul(x, KerasTensor((3, 5))).shape
    (None, 5)
    """

    __slots__ = (
        "shape",
        "dtype",
        "name",
        "node",
        "index",
        "sparse",
        "ragged",
        "_keras_mask",
        "__weakref__",
        "__dict__",
    )

    def __init__(
        self,
        shape,
        dtype="float32",
        sparse=False,
        ragged=False,
        record_history=True,
        name=None,
        node=None,
        index=0,
    ):
        if sparse or ragged:
            raise ValueError("kx has dense tensors only: sparse=True and ragged=True are not supported.")
        self.shape = standardize_shape(shape)
        self.dtype = dtypes.standardize_dtype(dtype)
        self.name = name or naming.auto_name("keras_tensor")
        self.node = node if record_history else None
        self.index = index
        self.sparse = sparse
        self.ragged = ragged
        self._keras_mask = None

    @property
    def key(self):
        """What identifies the tensor in its graph: its node and place among the node's outputs."""
        return (self, 0) if self.node is None else (self.node, self.index)

    @property
    def size(self):
        total = 1
        for n in self.shape:
            if n is None:
                return None
            total *= n
        return total

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "A KerasTensor is symbolic: it has no value, so a NumPy function can't take it. Use `kx.ops` "
            "functions, or wrap the code in a Layer and call that."
        )

    def __bool__(self):
        raise TypeError("A symbolic KerasTensor has no truth value.")

    __int__ = __float__ = __index__ = __bool__

    def __repr__(self):
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


class RecordedFunction:
    """A function as the operation of a graph node: it has a name, as primitives and layers do."""

    def __init__(self, function):
        self.function = function
        self.name = function.__name__

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


_named = functools.cache(RecordedFunction)


def record_call(operation, args, kwargs, specs):
    """Return the KerasTensors of (shape, dtype) `specs` that a call of any function on symbolic tensors gives.

    For functions that are more than the ops inside them: their results depend on values, or on sizes not known yet.
    """
    node = GraphNode(_named(operation), args, kwargs)
    outs = [KerasTensor(s, d, node=node, index=i) for i, (s, d) in enumerate(specs)]
    node.finish(outs)
    return outs


def standardize_shape(shape):
    """Return a shape as a tuple of non-negative ints and None.

    >>> standardize_shape([None, 3.0])
    (None, 3)
    """
    if shape is None:
        raise ValueError("A shape can't be None (a single size can).")
    if isinstance(shape, int):
        raise ValueError(f"A shape must be a tuple or list, got {shape!r}; did you mean ({shape},)?")
    sizes = []
    for n in shape:
        if n is None:
            sizes.append(None)
            continue
        try:
            size = int(n)
        except (TypeError, ValueError):
            size = None
        if size is None or size != n or size < 0:
            raise ValueError(
                f"Cannot convert {shape!r} to a shape: sizes must be non-negative integers or None, got {n!r}."
            )
        sizes.append(size)
    return tuple(sizes)


def is_keras_tensor(x):
    """Return whether x is symbolic: what `Input`, and layers and ops called on it, give.

    >>> is_keras_tensor(KerasTensor((2,))), is_keras_tensor(2.0)
    (True, False)
    """
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor):
    """Return the tensors that a symbolic tensor is computed from, each once: those of `Input`.

    >>> from kx_tensor import ops
    >>> x = KerasTensor((None, 2), name="x")
    >>> [source.name for source in get_source_inputs(ops.exp(x) + x)]
    ['x']
    """
    sources, seen, waiting = [], set(), [tensor]
    while waiting:
        current = waiting.pop()
        if current.key in seen:
            continue
        seen.add(current.key)
        if current.node is None or current.node.is_input:
            sources.append(current)
        else:
            waiting.extend(reversed(current.node.inputs))
    return sources


def find_symbolic(structure, found=None):
    """Return the KerasTensors in nested tuples, lists and dicts, in order, each once for each occurrence."""
    found = [] if found is None else found
    if isinstance(structure, KerasTensor):
        found.append(structure)
    elif isinstance(structure, (tuple, list)):
        for item in structure:
            find_symbolic(item, found)
    elif isinstance(structure, dict):
        for item in structure.values():
            find_symbolic(item, found)
    return found
