"""An ONNX graph under construction: values, constants, nodes, and the table of what each op becomes."""

import numpy as np

from kx_tensor import dtypes

CONVERTERS = {}  # name of an op -> (function(graph, call, *arguments), guard(*arguments) or None)

# What the operators of ONNX compute in where they, or onnxruntime, do not know the dtype of an op.
_COMPUTED_IN = {
    "bfloat16": "float32", "bool": "int32", "int8": "int32", "uint8": "int32", "int16": "int32", "uint16": "int32",
    "uint32": "int64", "uint64": "int64",
}  # fmt: skip


def converts(*names, when=None):
    """Make the decorated function what turns the ops of these names into ONNX nodes.

    It takes the Graph, the Call, and the op's arguments with Values in the place of tensors; it returns the Value, or
    a list of as many as the op has results. A fused op for which `when(*arguments)` is false is left to its twin.
    """

    def declare(function):
        for name in names:
            CONVERTERS[name] = function, when
        return function

    return declare


def keeps(operation, args):
    """Whether a fused op goes into the file as it is, rather than as the ops of its twin."""
    _, guard = CONVERTERS.get(operation.name, (None, lambda *args: False))
    return guard is None or bool(guard(*args))


class Value:
    """A tensor of the graph: its name, shape (None: not known) and dtype, and the array if it is a constant."""

    __slots__ = ("array", "dtype", "name", "shape")

    def __init__(self, name, shape, dtype, array=None):
        self.name = name
        self.shape = tuple(shape)
        self.dtype = dtype
        self.array = array


class Call:
    """What is known of one call of an op: its name, its static parameters, shapes and dtypes of its results."""

    __slots__ = ("dtype", "dtypes", "name", "params", "shape", "shapes")

    def __init__(self, name, params, specs):
        self.name = name
        self.params = params
        self.shapes = [spec[0] for spec in specs]
        self.dtypes = [spec[1] for spec in specs]
        self.shape, self.dtype = self.shapes[0], self.dtypes[0]


class Graph:
    """Collects nodes and constants; `onnx` is the package, given so that only an export loads it."""

    def __init__(self, onnx):
        self.onnx = onnx
        self.nodes = []
        self.constants = {}
        self._count = 0

    # ---- values ----------------------------------------------------------------------------------------------

    def new_name(self, stem):
        """A name that nothing in the graph has."""
        self._count += 1
        return f"{stem}_{self._count}"

    def emit(self, operator, inputs, shape, dtype, **attributes):
        """Add a node and return its result; None among the inputs is an input left out."""
        return self.emit_several(operator, inputs, [(shape, dtype)], **attributes)[0]

    def emit_several(self, operator, inputs, specs, **attributes):
        """Add a node with several results, of these (shape, dtype)."""
        outs = [Value(self.new_name(operator), *spec) for spec in specs]
        names = ["" if value is None else value.name for value in inputs]
        made = [value.name for value in outs]
        node = self.onnx.helper.make_node(operator, names, made, name=self.new_name(operator), **attributes)
        self.nodes.append(node)
        return outs

    def constant(self, array, name=None):
        """The Value of an array; equal ones of a few numbers are one."""
        array = np.asarray(array)
        if array.dtype.name == "bfloat16":
            array = array.astype("float32")
        few = array.size <= 64 and name is None
        key = (array.dtype.str, array.shape, array.tobytes()) if few else name
        if key is None or key not in self.constants:
            name = name or self.new_name("constant")
            key = key or name
            self.constants[key] = Value(name, array.shape, dtypes.standardize_dtype(array.dtype), array)
        return self.constants[key]

    def initializers(self):
        """The constants that nodes read, for the file."""
        read = {name for node in self.nodes for name in node.input}
        from_array = self.onnx.numpy_helper.from_array
        return [
            from_array(np.ascontiguousarray(v.array).reshape(v.shape), v.name)
            for v in self.constants.values()
            if v.name in read
        ]

    def numbers(self, values):
        """A constant of int64: the sizes, axes and indices that operators take."""
        return self.constant(np.asarray(values, "int64"))

    def as_value(self, x, dtype):
        """A Value for what may be a Value or a Python number, cast to `dtype`."""
        if isinstance(x, Value):
            return self.cast(x, dtype)
        return self.constant(np.asarray(x, dtypes.as_numpy(dtype)))

    def rename(self, old, new):
        """Give a value another name, in all nodes."""
        for node in self.nodes:
            for names in (node.input, node.output):
                names[:] = [new if name == old else name for name in names]

    # ---- operators that many ops need ------------------------------------------------------------------------

    def cast(self, x, dtype):
        """`x` in another dtype."""
        if x.dtype == dtype:
            return x
        if x.array is not None:
            return self.constant(x.array.astype(dtypes.as_numpy(dtype)))
        if dtype in ("bfloat16",):
            dtype = "float32"  # the file computes in the wider dtype
            if x.dtype == dtype:
                return x
        return self.emit("Cast", [x], x.shape, dtype, to=element_type(self.onnx, dtype))

    def transpose(self, x, axes):
        """`x` with its axes in another order."""
        if list(axes) == list(range(len(x.shape))):
            return x
        if x.array is not None:
            return self.constant(x.array.transpose(axes))
        return self.emit("Transpose", [x], [x.shape[a] for a in axes], x.dtype, perm=list(axes))

    def reshape(self, x, shape):
        """`x` in a shape with at most one size unknown, or with its own unknown sizes in their order."""
        shape = tuple(shape)
        if shape == x.shape and None not in shape:
            return x
        if x.array is not None:
            return self.constant(x.array.reshape(shape))
        unknown = [i for i, n in enumerate(shape) if n is None]
        if len(unknown) <= 1:
            return self.emit(
                "Reshape", [x, self.numbers([-1 if n is None else n for n in shape])], shape, x.dtype
            )
        own = [i for i, n in enumerate(x.shape) if n is None]
        if len(own) != len(unknown):
            raise ValueError(
                f"a reshape from {x.shape} to {shape} leaves open which sizes are which; give the model inputs with "
                "fewer unknown sizes"
            )
        sizes = iter(own)
        parts = [self.size(x, next(sizes)) if n is None else self.numbers([n]) for n in shape]
        target = self.emit("Concat", parts, (len(shape),), "int64", axis=0)
        return self.emit("Reshape", [x, target], shape, x.dtype)

    def size(self, x, axis):
        """The size of `x` along an axis, as a tensor of one integer."""
        if x.shape[axis] is not None:
            return self.numbers([x.shape[axis]])
        return self.emit("Shape", [x], (1,), "int64", start=axis, end=axis + 1)

    def sizes(self, x):
        """The shape of `x` as a tensor of integers."""
        if None not in x.shape:
            return self.numbers(x.shape)
        return self.emit("Shape", [x], (len(x.shape),), "int64")

    def slice(self, x, starts, ends, axes, steps=None):
        """`x[start:end:step]` along the given axes."""
        steps = steps or [1] * len(axes)
        shape = list(x.shape)
        for start, end, axis, step in zip(starts, ends, axes, steps):
            if shape[axis] is not None:
                shape[axis] = len(range(*slice(start, end, step).indices(shape[axis])))
        bounds = [self.numbers(_bounded(bound)) for bound in (starts, ends)]
        return self.emit("Slice", [x, *bounds, self.numbers(axes), self.numbers(steps)], shape, x.dtype)

    def squeeze(self, x, axes, shape):
        """`x` without these axes of size 1."""
        return self.emit("Squeeze", [x, self.numbers(axes)], shape, x.dtype)

    def unsqueeze(self, x, axes, shape):
        """`x` with new axes of size 1 at these places of the result."""
        return self.emit("Unsqueeze", [x, self.numbers(axes)], shape, x.dtype)

    def elementwise(self, operator, inputs, call, dtype=None, result=None, **attributes):
        """A node on inputs of one dtype (by default the result's), computed where need be in one that ONNX knows."""
        dtype = dtype or call.dtype
        inside = _COMPUTED_IN.get(dtype, dtype)
        values = [self.as_value(x, inside) for x in inputs]
        out = self.emit(operator, values, call.shape, result or inside, **attributes)
        return self.cast(out, call.dtype)

    def int64(self, x):
        """Indices as ONNX takes them."""
        return self.as_value(x, "int64")


def _bounded(bounds):
    """Slice bounds as integers; what lies beyond both ends stays within int64."""
    return [max(min(bound, 2**62), -(2**62)) for bound in bounds]


def element_type(onnx, dtype):
    """ONNX's number for a dtype name."""
    names = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "FLOAT16", "bfloat16": "FLOAT"}
    return getattr(onnx.TensorProto, names.get(dtype, dtype.upper()))
