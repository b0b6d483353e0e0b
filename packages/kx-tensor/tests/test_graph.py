"""`Function`: running the graph between symbolic tensors."""

import numpy as np
import pytest

from kx_tensor import Function, GradientTape, KerasTensor, Variable, ops
from kx_tensor.symbolic import GraphNode


def test_shared_nodes_run_once():
    calls = []

    class Counting:
        name = "counting"

        def __call__(self, x):
            calls.append(1)
            return x + 1.0

    operation = Counting()
    x = KerasTensor((2,))
    node = GraphNode(operation, (x,), {})
    shared = KerasTensor((2,), node=node)
    node.finish([shared])
    function = Function(x, ops.multiply(shared, shared) + shared)
    assert function(np.array([1.0, 2.0], "float32")).numpy().tolist() == [6.0, 12.0]
    assert len(calls) == 1
    assert operation in function.operations


def test_several_outputs_of_one_node():
    x = KerasTensor((None, 4))
    values, indices = ops.top_k(x, 2)
    function = Function(x, {"values": values, "indices": indices, "twice": (values + values,)})
    out = function(np.array([[3.0, 1.0, 2.0, 0.0]], "float32"))
    assert out["values"].numpy().tolist() == [[3.0, 2.0]]
    assert out["indices"].numpy().tolist() == [[0, 2]]
    assert out["twice"][0].numpy().tolist() == [[6.0, 4.0]]


def test_nested_inputs():
    a, b, c = KerasTensor((2,)), KerasTensor((2,)), KerasTensor((2,))
    function = Function({"a": a, "rest": [b, (c,)]}, a * 100.0 + b * 10.0 + c)
    ones = np.ones(2, "float32")
    assert function({"a": ones, "rest": [2 * ones, (3 * ones,)]}).numpy().tolist() == [123.0, 123.0]


def test_an_output_may_be_an_input_or_given_twice():
    x = KerasTensor((2,))
    y = x + 1.0
    out = Function(x, [x, y, y])(np.zeros(2, "float32"))
    assert [np.asarray(o).tolist() for o in out] == [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]


def test_a_function_may_start_in_the_middle_of_a_graph():
    x = KerasTensor((2,))
    middle = ops.exp(x)
    function = Function(middle, middle * 2.0)
    assert len(function.nodes) == 1
    assert function(np.ones(2, "float32")).numpy().tolist() == [2.0, 2.0]


def test_tensors_in_keywords_and_lists():
    x, low = KerasTensor((3,)), KerasTensor(())
    function = Function([x, low], ops.concatenate([ops.clip(x, x_min=low, x_max=1.0), x]))
    assert function([np.array([-3.0, 0.0, 3.0], "float32"), np.float32(-1.0)]).numpy().tolist() == [
        -1.0,
        0.0,
        1.0,
        -3.0,
        0.0,
        3.0,
    ]


def test_disconnected_graphs_name_what_is_missing():
    x, other = KerasTensor((2,), name="x"), KerasTensor((2,), name="other")
    with pytest.raises(
        ValueError, match=r"can't be computed from the inputs: .*name=other.* nor made of the inputs \['x'\]"
    ):
        Function(x, x + other)


@pytest.mark.parametrize(
    ("inputs", "outputs", "kind"), [([1.0], None, "input"), (None, [np.ones(2)], "output")]
)
def test_inputs_and_outputs_are_symbolic(inputs, outputs, kind):
    x = KerasTensor((2,))
    with pytest.raises(ValueError, match=f"every {kind} must be a KerasTensor"):
        Function(inputs or [x], outputs or [x + 1.0])


def test_symbolic_call_and_new_shapes():
    x = KerasTensor((None, 2))
    function = Function(x, [ops.sum(x, axis=-1), x * 2.0])
    total, twice = function.compute_output_spec(KerasTensor((5, 2)))
    assert (total.shape, twice.shape) == ((5,), (5, 2))
    composed = Function(x, function(x)[0] + 1.0)
    assert composed(np.ones((3, 2), "float32")).numpy().tolist() == [3.0, 3.0, 3.0]


def test_the_call_can_be_replaced():
    x = KerasTensor((2,))
    function = Function(x, ops.exp(x) + 1.0)
    seen = []

    def call(operation, args, kwargs):
        seen.append(operation.name)
        return operation(*args, **kwargs)

    function.run([np.zeros(2, "float32")], call=call)
    assert seen == ["exp", "add"]


def test_gradients_flow_through_a_function():
    x = KerasTensor((2,))
    v = Variable([1.0, 2.0])
    function = Function(x, ops.multiply(x, x))
    with GradientTape() as tape:
        y = function(v.value).sum()
    assert tape.gradient(y, v).numpy().tolist() == [2.0, 4.0]


def test_operations_are_listed_in_the_order_of_running():
    x = KerasTensor((2,))
    y = ops.exp(x)
    function = Function(x, ops.log(y) + ops.exp(y))
    assert [o.name for o in function.operations] == ["exp", "log", "add"]


def test_deep_graphs_need_no_recursion():
    x = KerasTensor((1,))
    y = x
    for _ in range(3000):
        y = y + 1.0
    assert Function(x, y)(np.zeros(1, "float32")).numpy().tolist() == [3000.0]


def test_outputs_of_a_node_know_their_shapes():
    x = KerasTensor((None, 4))
    values, inverse = ops.unique(x, return_inverse=True)
    assert [(o.shape, o.dtype) for o in values.node.outputs] == [((None,), "float32"), ((None, 4), "int32")]
    assert (values.key, inverse.key) == tuple(o.key for o in values.node.outputs)
    assert (values.node.inputs, values.node.is_input, repr(values.node)) == ([x], False, "<GraphNode unique>")
