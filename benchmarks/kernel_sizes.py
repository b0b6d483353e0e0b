"""The sizes at which kernels are measured: what the workloads of benchmarks/workloads.py give them, and small ones."""

from floor import flops_of, least_seconds, sizes_of
from kx_tensor import device as devices
from kx_tensor.backward import backward
from kx_tensor.cases import case
from kx_tensor.primitive import PRIMITIVES
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

SIZES = {
    "dense": (
        case("32,10", "10,16", "16", activation="relu"),
        case("128,784", "784,512", "512", activation="relu"),
        case("2560,128", "128,512", "512", activation="relu"),
    ),
}


def with_kernels():
    """Return the names of all primitives that have a native kernel."""
    return [name for name, primitive in PRIMITIVES.items() if primitive.kernels.get("native")]


def accepted(primitive, arrays, params):
    """Return whether a native kernel takes these arguments."""
    guards = [guard for _, _, guard in primitive.kernels["native"]]
    return any(guard is None or guard(*arrays, **params) for guard in guards)


class Call:
    """A primitive on one case; float arguments have gradients. `implementation` is "kernel", "numpy" or "twin"."""

    def __init__(self, name, case, implementation):
        self.primitive, self.params = PRIMITIVES[name], case.params
        self.arrays = case.arrays()
        self.function = self.primitive.like if implementation == "twin" else self.primitive
        self.kernels = "native" if implementation == "kernel" else None
        self.arguments = [_operand(array) for array in self.arrays]

    def forward(self):
        """Run the operation and note how to go back."""
        return self.function(*self.arguments, **self.params)

    def ends(self):
        """Return the nodes of the results, and a gradient for each."""
        outs = self.forward()
        outs = outs if isinstance(outs, tuple) else (outs,)
        outs = [out for out in outs if out.node is not None]
        return [out.node for out in outs], [devices.cpu.xp.ones_like(out.data) for out in outs]

    def floor(self, direction):
        """Return the least seconds that the operation can take in "forward" or "backward" direction."""
        flops = flops_of(self.primitive, self.arrays, self.params)
        nodes, grads = self.ends()
        if direction == "forward":
            return least_seconds(
                flops, sizes_of(self.arrays, grads)
            )  # the results have the sizes of their gradients
        found = list(backward(nodes, grads).values())
        return least_seconds(2 * flops, sizes_of(self.arrays, grads, found))


def _operand(array):
    if not hasattr(array, "dtype"):
        return array
    return Variable(array) if array.dtype.kind == "f" else Tensor(array)
