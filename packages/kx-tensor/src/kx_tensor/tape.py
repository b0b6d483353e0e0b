"""The tape: nodes that remember how tensors were made. `kx_tensor.backward` walks back over them.

A node keeps the raw arrays that its gradient rules name and points to the nodes of its inputs, never to tensors, so
whatever the rules do not need is freed at once and no reference cycle arises.
"""

import itertools
import threading

_next_number = itertools.count().__next__


class _State(threading.local):
    recording = True
    scopes = 0  # open gradient scopes (GradientTape, grad): a backward pass inside one is recorded itself
    autocast = None  # dtype that float variables are cast to inside a layer of mixed precision
    recorder = None  # the kx_tensor.capture.Recorder that is told of every call on raw arrays
    allowance = None  # the kx_tensor.allowance.Allowance that new variables are taken from
    inline = False  # symbolic calls of layers leave the ops inside them in the graph, not one node for each


state = _State()


class Node:
    """One recorded operation: `primitive` applied to raw `inputs` that came from the nodes `parents`.

    A leaf (a variable, a watched tensor) has no primitive. `inputs` and `out` hold only what the rules name;
    `kernel_rule` is the backward of the kernel that computed it, where there was one; `grad` is set by
    `Tensor.backward()`, on leaves only.
    """

    __slots__ = (
        "primitive", "parents", "inputs", "out", "params", "shape", "dtype", "device", "number", "kernel_rule", "grad"
    )  # fmt: skip

    def __init__(self, primitive, parents, inputs, out, params, shape, dtype, device, kernel_rule=None):
        self.primitive = primitive
        self.parents = parents
        self.inputs = inputs
        self.out = out
        self.params = params
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.kernel_rule = kernel_rule
        self.number = _next_number()


class OutputNode:
    """Output number `index` of a recorded operation with several outputs."""

    __slots__ = ("source", "index", "shape", "dtype", "device", "number")
    primitive = None

    def __init__(self, source, index, shape, dtype, device):
        self.source = source
        self.index = index
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.number = _next_number()

    @property
    def parents(self):
        return (self.source,)


def leaf(shape, dtype, device):
    """Return a node without history for a raw array of this shape and NumPy dtype."""
    return Node(None, (), None, None, None, shape, dtype, device)


class no_grad:
    """Record nothing inside the `with` block.

    >>> from kx_tensor import Variable
    >>> v = Variable([1.0, 2.0])
    >>> with no_grad():
    ...     print((v * 2).node)
    None
    """

    def __enter__(self):
        self.previous = state.recording
        state.recording = False

    def __exit__(self, *exc):
        state.recording = self.previous


class gradient_scope:
    """Mark a block whose gradients may be differentiated again by an outer scope."""

    def __enter__(self):
        self.previous = state.recording
        state.recording = True
        state.scopes += 1
        return self

    def __exit__(self, *exc):
        state.scopes -= 1
        state.recording = self.previous
