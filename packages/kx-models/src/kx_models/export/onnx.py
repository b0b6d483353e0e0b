"""`export_onnx`: a model as an ONNX file, which predicts without kx.

The model is called on symbolic inputs, its layers taken apart into ops (`trace`), and each op becomes one or a few
nodes of ONNX (`onnx_elementwise`, `onnx_shapes`, `onnx_windows`, `onnx_recurrent`).
"""

import numpy as np

from kx_io.atomic import replacing
from kx_models.export import onnx_elementwise, onnx_recurrent, onnx_shapes, onnx_windows  # noqa: F401
from kx_models.export.onnx_graph import CONVERTERS, Call, Graph, Value, element_type, keeps
from kx_models.export.trace import trace
from kx_tensor import tree
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

OPSET = 18
_IR = 8  # the file format that came with the operators
_LARGEST = 2**31 - 2**20  # bytes: protobuf has no larger messages


def export_onnx(model, path, input_signature=None):
    """Write what `model` computes at inference to an ONNX file; return the onnx.ModelProto.

    `input_signature` are KerasTensors (or InputSpecs) of the inputs for a model that was not built from symbolic
    ones. Inputs and outputs carry the names that the model's have; sizes that are None are free. Raises ImportError
    without the package onnx, ValueError for a model that is not built, that is over 2 GB, or that runs ops without a
    counterpart in ONNX, all of which are named.

    >>> from kx_models.sequential import Sequential
    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> import tempfile, os
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = export_onnx(Sequential([Input((3,)), Dense(2, activation="relu")]), os.path.join(folder, "m.onnx"))
    >>> [node.op_type for node in made.graph.node]
    ['MatMul', 'Add', 'Relu']
    """
    onnx = _package()
    inputs = _inputs(model, input_signature)
    proto = _convert(onnx, model, inputs, trace(model, inputs, keeps))
    if proto.ByteSize() > _LARGEST:
        raise ValueError(
            f"The model takes {proto.ByteSize() / 1e9:.1f} GB; an ONNX file holds 2 GB. Export its parts singly."
        )
    onnx.checker.check_model(proto)
    with replacing(path) as beside, open(beside, "wb") as file:
        file.write(proto.SerializeToString())
    return proto


def _package():
    try:
        import onnx
    except ImportError as error:
        raise ImportError("Exporting to ONNX needs the package onnx: pip install onnx") from error
    return onnx


def _inputs(model, signature):
    """The model's inputs as new symbolic tensors, in the structure that its call takes."""
    if signature is None:
        if getattr(model, "_graph", None) is None:
            shapes = model._build_shapes
            if not shapes or len(shapes) != 1:
                raise ValueError(
                    f"Model {model.name!r} does not say what its inputs are. Give them: "
                    'input_signature=[keras.InputSpec(shape=(None, 28, 28), dtype="float32")].'
                )
            return tree.map_shape_structure(
                lambda s: KerasTensor((None, *s[1:]), model.input_dtype), shapes.popitem()[1]
            )
        signature = model._graph._inputs_struct
    elif isinstance(signature, (list, tuple)) and len(signature) == 1:
        signature = signature[0]
    return tree.map_structure(lambda s: KerasTensor(s.shape, s.dtype or "float32", name=s.name), signature)


def _convert(onnx, model, inputs, function):
    """The ModelProto of a traced graph."""
    missing = sorted({node.operation.name for node in function.nodes} - CONVERTERS.keys())
    if missing:
        raise ValueError(
            f"Model {model.name!r} runs ops that the export to ONNX does not know: {', '.join(missing)}."
        )
    g = Graph(onnx)
    names = {id(v): v.path for v in model.variables}
    known = {}
    for tensor, name in zip(function.inputs, _unique(t.name for t in function.inputs)):
        known[tensor.key] = Value(name, tensor.shape, tensor.dtype)
    given = list(known.values())
    for node in function.nodes:
        call = Call(node.operation.name, node.kwargs, node.output_specs)
        args = [_argument(g, arg, known, names) for arg in node.args]
        try:
            results = CONVERTERS[call.name][0](g, call, *args, **node.kwargs)
        except ValueError as error:
            error.add_note(f"while exporting the op {call.name} of model {model.name!r} to ONNX")
            raise
        for i, value in enumerate(results if isinstance(results, list) else [results]):
            known[node, i] = value
    outputs = _outputs(g, model, [_argument(g, t, known, names) for t in function.outputs], function.outputs)
    info = lambda value: onnx.helper.make_tensor_value_info(
        value.name,
        element_type(onnx, value.dtype),
        [f"n{i}" if n is None else n for i, n in enumerate(value.shape)],
    )
    graph = onnx.helper.make_graph(
        g.nodes, model.name, [info(v) for v in given], [info(v) for v in outputs], g.initializers()
    )
    opset = onnx.helper.make_opsetid("", OPSET)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=_IR, producer_name="kx")


def _argument(g, arg, known, names):
    """An argument of an op with Values for tensors, constants for variables and arrays."""
    if isinstance(arg, KerasTensor):
        return known[arg.key]
    if isinstance(arg, Variable):
        return g.constant(arg.numpy(), names.get(id(arg)))
    if isinstance(arg, (Tensor, np.ndarray, np.generic)):
        return g.constant(arg.numpy() if isinstance(arg, Tensor) else arg)
    if isinstance(arg, (list, tuple)):
        return [_argument(g, item, known, names) for item in arg]
    return arg


def _outputs(g, model, values, tensors):
    """The results under the model's own names for its outputs."""
    names = getattr(model, "output_names", None)
    if names is None or len(names) != len(values):
        names = [f"output_{i}" for i in range(len(values))] if len(values) > 1 else ["output"]
    made = {name for node in g.nodes for name in node.output}
    outputs = []
    for name, value, tensor in zip(_unique(names), values, tensors):
        if value.name in made:
            made.remove(value.name)
            g.rename(value.name, name)
        else:  # an input or a constant, or given out before under another name
            g.nodes.append(
                g.onnx.helper.make_node("Identity", [value.name], [name], name=g.new_name("Identity"))
            )
        outputs.append(Value(name, tensor.shape, value.dtype))
    return outputs


def _unique(names):
    """Names with a number behind those that came before."""
    seen = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}_{seen[name] - 1}"
