"""The gradient API: grad, value_and_grad, GradientTape, Tensor.backward, no_grad; what is kept and what is freed."""

import gc
import weakref

import numpy as np
import pytest

from kx_tensor import (
    GradientTape,
    Tensor,
    Variable,
    backward,
    grad,
    no_grad,
    ops,
    tape,
    value_and_grad,
)
from kx_tensor.gradients import gradients
from kx_tensor.primitive import PRIMITIVES, primitive
from kx_tensor.testing import check_grad, leaf_tensor


def values(*tensors):
    return [t.numpy().tolist() for t in tensors]


# ---- grad and value_and_grad ---------------------------------------------------------------------------------


def test_value_and_grad():
    value, g = value_and_grad(lambda x: (x * x).sum())([1.0, 2.0])
    assert (float(value), g.numpy().tolist()) == (5.0, [2.0, 4.0])


def test_three_derivatives_of_a_power():
    f = lambda x: x**4
    derivatives = [f, grad(f), grad(grad(f)), grad(grad(grad(f))), grad(grad(grad(grad(f))))]
    assert [float(d(ops.convert_to_tensor(2.0))) for d in derivatives] == [16.0, 32.0, 48.0, 48.0, 24.0]


def test_higher_derivatives_of_composed_functions():
    x = np.float64(0.7)
    f = lambda t: ops.exp(ops.sin(t)) / (1.0 + t * t)
    eps = 1e-5
    third = lambda t: float(grad(grad(grad(f)))(t))
    second = lambda t: float(grad(grad(f))(t))
    assert third(x) == pytest.approx((second(x + eps) - second(x - eps)) / (2 * eps), rel=1e-6)


def test_argnums_gives_a_tuple_in_its_order():
    f = lambda a, b, c: (a * b * b + c).sum()
    ga, gb = grad(f, argnums=(0, 1))(2.0, 3.0, 1.0)
    assert (float(ga), float(gb)) == (9.0, 12.0)
    gb, ga = grad(f, argnums=[1, 0])(2.0, 3.0, 1.0)
    assert (float(ga), float(gb)) == (9.0, 12.0)
    assert float(grad(f, argnums=2)(2.0, 3.0, 1.0)) == 1.0


def test_nested_arguments_give_nested_gradients():
    params = {"w": np.array([1.0, 2.0], "float32"), "layers": [np.float32(3.0), (np.float32(4.0),)]}
    g = grad(lambda p: (p["w"] * p["layers"][0]).sum() * p["layers"][1][0])(params)
    assert set(g) == {"w", "layers"}
    assert isinstance(g["layers"][1], tuple)
    assert values(g["w"], g["layers"][0], g["layers"][1][0]) == [[12.0, 12.0], 12.0, 9.0]


def test_has_aux():
    f = lambda x: ((x * x).sum(), {"twice": x * 2})
    (value, aux), g = value_and_grad(f, has_aux=True)([3.0])
    assert (float(value), aux["twice"].numpy().tolist(), g.numpy().tolist()) == (9.0, [6.0], [6.0])
    g, aux = grad(f, has_aux=True)([3.0])
    assert (g.numpy().tolist(), aux["twice"].numpy().tolist()) == ([6.0], [6.0])


def test_keyword_arguments_pass_through():
    assert float(grad(lambda x, *, power: x**power)(3.0, power=2)) == 6.0


def test_an_unused_argument_has_a_zero_gradient():
    _, gy = grad(lambda x, y: x * 2.0, argnums=(0, 1))(1.0, [1.0, 2.0])
    assert values(gy) == [[0.0, 0.0]]


def test_gradients_are_partial_derivatives():
    """The same tensor given twice, or one made of the other, counts once for each argument."""
    f = lambda a, b: a * b * b
    x = leaf_tensor(np.float32(3.0))
    assert [float(g) for g in grad(f, argnums=(0, 1))(x, x)] == [9.0, 18.0]
    y = x * 2.0
    assert [float(g) for g in grad(f, argnums=(0, 1))(x, y)] == [36.0, 36.0]


def test_a_gradient_is_differentiable_through_what_its_argument_came_from():
    h = lambda t: grad(lambda u: u**3)(t * t)  # 3 t^4
    assert float(grad(h)(2.0)) == 96.0


def test_gradient_with_respect_to_variables_used_through_a_closure():
    v = Variable(3.0)
    value, (g,) = value_and_grad(lambda variables: v * v)([v])
    assert (float(value), float(g)) == (9.0, 6.0)


@pytest.mark.parametrize(
    ("fn", "error", "match"),
    [
        (lambda x: x * 2, ValueError, r"needs a scalar result, got shape \(2,\)"), (lambda x: 3.0, TypeError, "returns a scalar Tensor, got float"),
        (lambda x: [x.sum()], TypeError, "got list"),
    ],
)  # fmt: skip
def test_results_that_are_no_scalar(fn, error, match):
    with pytest.raises(error, match=match):
        grad(fn)([1.0, 2.0])


def test_integer_arguments_are_refused():
    with pytest.raises(TypeError, match="float arguments, got dtype int32"):
        grad(lambda x: x**2)(3)


def test_a_failing_function_leaves_no_scope_open():
    def fails(x):
        raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        grad(fails)(1.0)
    assert (tape.state.scopes, tape.state.recording) == (0, True)


# ---- broadcasting, dtypes, frozen variables ------------------------------------------------------------------


def test_broadcast_axes_are_summed():
    a, b = leaf_tensor(np.ones((3, 1), "float32")), leaf_tensor(np.arange(4, dtype="float32"))
    ga, gb = gradients((a * b).sum(), [a, b])
    assert values(ga, gb) == [[[6.0]] * 3, [3.0] * 4]


@pytest.mark.parametrize(
    "op",
    ["add", "subtract", "multiply", "true_divide", "maximum", "minimum", "power", "mod", "fmod", "arctan2", "hypot", "logaddexp", "logaddexp2"],
)  # fmt: skip
def test_a_python_number_may_stand_on_either_side(op):
    function, x = getattr(ops, op), np.array([[0.4, 0.9], [2.3, 3.1]])
    check_grad(lambda t: function(t, 1.7), x)
    check_grad(lambda t: function(1.7, t), x)


def test_each_gradient_has_the_dtype_of_its_source():
    half, single = leaf_tensor(np.ones(2, "float16")), leaf_tensor(np.ones(2, "float32"))
    out = (half * single).sum()
    assert out.dtype == "float32"
    assert [g.dtype for g in gradients(out, [half, single])] == ["float16", "float32"]
    assert [g.dtype for g in gradients(out, [half, single], record=True)] == ["float16", "float32"]


def test_gradients_pass_casts_but_not_integers():
    x = leaf_tensor(np.array([1.5, 2.5], "float32"))
    assert values(*gradients((ops.cast(x, "float64") ** 2).sum(), [x])) == [[3.0, 5.0]]
    assert gradients(ops.cast(x, "int32").sum(), [x]) == [None]


def test_frozen_variables_have_no_node():
    v, w = Variable(2.0), Variable(3.0, trainable=False)
    out = v * w
    assert w.node is None
    assert gradients(out, [v, w])[1] is None
    w.trainable = True
    v.trainable = False
    out = v * w
    assert gradients(out, [v])[0] is None
    assert float(gradients(out, [w])[0]) == 2.0


def test_integer_variables_have_no_node():
    assert Variable(np.arange(3)).node is None


def test_assigning_in_place_between_forward_and_backward_gives_gradients_at_the_new_value():
    """As documented at Variable: rules keep the array itself, not a copy of it."""
    v = Variable(2.0)
    out = v * v
    v.assign(5.0)
    assert float(out) == 4.0
    assert float(gradients(out, [v])[0]) == 10.0


def test_a_tensor_used_many_times_gathers_all_its_gradients():
    x = leaf_tensor(np.float32(2.0))
    y = x
    for _ in range(10):
        y = y + x
    assert float(gradients(y, [x])[0]) == 11.0


def test_long_chains_need_no_recursion():
    x = leaf_tensor(np.float32(1.0))
    y = x
    for _ in range(5000):
        y = y + 1.0
    assert float(gradients(y, [x])[0]) == 1.0


# ---- GradientTape --------------------------------------------------------------------------------------------


def test_tape_watches_variables_and_gives_none_for_the_unconnected():
    v, w = Variable(3.0), Variable(1.0)
    with GradientTape() as t:
        y = v * v
    gv, gw = t.gradient(y, [v, w])
    assert (float(gv), gw) == (6.0, None)


def test_tape_watches_tensors_on_request():
    x, z = ops.convert_to_tensor([1.0, 2.0]), ops.convert_to_tensor(1.0)
    with GradientTape() as t:
        t.watch({"x": x})
        y = (x * x).sum() + z
    found = t.gradient(y, {"x": x, "z": z})
    assert found["z"] is None
    assert values(found["x"]) == [[2.0, 4.0]]


def test_watching_integers_gives_none():
    i = ops.convert_to_tensor([1, 2])
    with GradientTape() as t:
        t.watch(i)
        y = ops.cast(i, "float32").sum()
    assert t.gradient(y, i) is None


def test_watch_refuses_what_is_no_tensor():
    with GradientTape() as t, pytest.raises(TypeError, match="expects tensors, got int"):
        t.watch(3)


def test_tape_gives_its_gradient_once_unless_persistent():
    v = Variable(3.0)
    with GradientTape() as t:
        y = v * v
    t.gradient(y, v)
    with pytest.raises(RuntimeError, match="persistent=True"):
        t.gradient(y, v)
    with GradientTape(persistent=True) as t:
        y, z = v * v, v + 1.0
    assert (float(t.gradient(y, v)), float(t.gradient(z, v)), float(t.gradient(y, v))) == (6.0, 1.0, 6.0)


def test_tapes_nest():
    v = Variable(2.0)
    with GradientTape() as third:
        with GradientTape() as second:
            with GradientTape() as first:
                y = v**4
            g1 = first.gradient(y, v)
        g2 = second.gradient(g1, v)
    assert [float(g1), float(g2), float(third.gradient(g2, v))] == [32.0, 48.0, 48.0]


def test_several_targets_add_up_with_their_output_gradients():
    v = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as t:
        a, b = v * 2.0, v * v
    assert values(t.gradient([a, b], v)) == [[4.0, 6.0]]
    assert values(t.gradient({"a": a, "b": b}, v, output_gradients={"a": [1.0, 0.0], "b": [0.0, 1.0]})) == [
        [2.0, 4.0]
    ]
    with pytest.raises(ValueError, match=r"shape \(2,\) was given with shape \(3,\)"):
        t.gradient(a, v, output_gradients=np.ones(3, "float32"))


def test_gradient_of_a_variable_itself():
    v = Variable([1.0, 2.0])
    with GradientTape() as t:
        pass
    assert values(t.gradient(v, v)) == [[1.0, 1.0]]


def test_gradient_of_an_intermediate():
    v = Variable(3.0)
    with GradientTape(persistent=True) as t:
        y = v * v
        z = y * y
    assert (float(t.gradient(z, y)), float(t.gradient(z, v))) == (18.0, 108.0)


def test_tape_that_watches_nothing_by_itself_is_refused():
    with pytest.raises(ValueError, match="trainable = False"):
        GradientTape(watch_accessed_variables=False)


def test_a_gradient_outside_any_scope_is_not_recorded():
    v = Variable(2.0)
    with GradientTape() as t:
        y = v**3
    assert t.gradient(y, v).node is None


# ---- no_grad and stop_gradient -------------------------------------------------------------------------------


def test_no_grad_records_nothing_and_ends():
    v = Variable(2.0)
    with no_grad():
        a = v * v
        with no_grad():
            b = v + 1.0
        c = v + 1.0
    assert (a.node, b.node, c.node) == (None, None, None)
    assert (v * v).node is not None


def test_a_gradient_scope_inside_no_grad_records():
    with no_grad():
        assert float(grad(lambda x: x * x)(3.0)) == 6.0


def test_stop_gradient_is_a_constant_to_every_derivative():
    f = lambda x: ops.stop_gradient(x * x) * x
    assert [float(grad(f)(3.0)), float(grad(grad(f))(3.0))] == [9.0, 0.0]
    assert ops.stop_gradient(Variable(1.0) * 2.0).node is None


# ---- Tensor.backward -----------------------------------------------------------------------------------------


def test_backward_gathers_in_grad():
    v, w = Variable([1.0, 2.0]), Variable(3.0)
    ((v * w).sum()).backward()
    assert values(v.grad, w.grad) == [[3.0, 3.0], 3.0]
    (v * 2.0).backward([1.0, 10.0])
    assert values(v.grad, w.grad) == [[5.0, 23.0], 3.0]
    assert isinstance(v.grad, Tensor)
    assert v.grad.node is None
    v.grad = None
    assert v.grad is None
    (v * 1.0).sum().backward()
    assert values(v.grad) == [[1.0, 1.0]]


def test_backward_reaches_watched_tensors():
    x = ops.convert_to_tensor([1.0, 2.0])
    with GradientTape() as t:
        t.watch(x)
        y = (x * x).sum()
    y.backward()
    assert values(x.grad) == [[2.0, 4.0]]
    assert y.grad is None


def test_grad_can_be_set_on_leaves_only():
    v = Variable([1.0, 2.0])
    v.grad = [5.0, 5.0]
    (v * 1.0).sum().backward()
    assert values(v.grad) == [[6.0, 6.0]]
    with pytest.raises(ValueError, match="Only a trainable variable or a watched tensor"):
        (v * 1.0).grad = [1.0, 1.0]
    frozen = Variable(1.0, trainable=False)
    frozen.grad = None
    assert frozen.grad is None


def test_backward_keeps_the_dtype_and_shape_of_the_variable():
    v = Variable(np.ones((2, 1), "float16"))
    (v * np.ones((2, 3), "float32")).sum().backward()
    assert (v.grad.dtype, v.grad.shape) == ("float16", (2, 1))


def test_backward_errors():
    v = Variable([1.0, 2.0])
    with pytest.raises(ValueError, match=r"needs a scalar, or gradient=..., got shape \(2,\)"):
        (v * 2.0).backward()
    with pytest.raises(ValueError, match="depends on no trainable variable"):
        ops.convert_to_tensor(1.0).backward()
    with pytest.raises(ValueError, match=r"gradient of shape \(3,\) for a tensor of shape \(2,\)"):
        (v * 2.0).backward([1.0, 1.0, 1.0])


# ---- memory --------------------------------------------------------------------------------------------------


@pytest.fixture
def no_gc():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def arrays_kept(out):
    """The ids of the arrays that the nodes below `out` hold."""
    found, stack, seen = set(), [out.node], set()
    while stack:
        node = stack.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        held = [*(getattr(node, "inputs", None) or ()), getattr(node, "out", None)]
        found |= {id(a) for a in held if isinstance(a, np.ndarray)}
        stack.extend(node.parents)
    return found


def test_nodes_die_with_the_result(no_gc):
    v = Variable(np.ones((50, 50), "float32"))
    h = ops.exp(v * 2.0)
    alive = weakref.ref(h.data)
    out = (h * h).sum()
    del h
    assert alive() is not None, "the tape keeps what the rules of exp and multiply need"
    gradients(out, [v])
    del out
    assert alive() is None


def test_second_derivatives_and_backward_leave_no_cycles(no_gc):
    v = Variable(np.ones(4, "float32"))
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = ops.tanh(v * v)
            alive = weakref.ref(y.data)
            y = y.sum()
        g = inner.gradient(y, v)
        g = (g * g).sum()
    outer.gradient(g, v)
    y.backward()
    del y, g, inner, outer
    assert alive() is None


def test_arrays_that_no_rule_names_are_not_kept():
    v = Variable(np.ones(4, "float32"))
    total = v + 1.0
    shifted = total - 3.0
    out = shifted.sum()
    assert arrays_kept(out) == set(), "add, subtract and sum need no array"
    h = ops.exp(total)
    assert arrays_kept(h.sum()) == {id(h.data)}, "exp needs its result, not its argument"


def test_only_the_sides_that_are_needed_are_kept():
    v, constant = Variable(np.ones(4, "float32")), ops.convert_to_tensor(np.full(4, 2.0, "float32"))
    assert arrays_kept(v * constant) == {id(constant.data)}, "no gradient is wanted of the constant"


def test_nothing_is_kept_without_a_leaf():
    x = ops.convert_to_tensor([1.0, 2.0])
    assert ops.exp(x).node is None


# ---- declaring rules -----------------------------------------------------------------------------------------


@pytest.fixture
def scratch_primitives():
    before = dict(PRIMITIVES)
    yield
    PRIMITIVES.clear()
    PRIMITIVES.update(before)


def test_a_fused_primitive_without_rules_differentiates_its_twin(scratch_primitives):
    def cubed(x):
        return x * x * x

    @primitive(like=cubed)
    def fused_cube(xp, x):
        """Return x^3."""
        return x * x * x

    x = leaf_tensor(np.array([2.0, 3.0]))
    assert values(*gradients(fused_cube(x).sum(), [x])) == [[12.0, 27.0]]
    assert [float(grad(fused_cube)(2.0)), float(grad(grad(fused_cube))(2.0))] == [12.0, 12.0]


def test_declaration_errors(scratch_primitives):
    @primitive()
    def scratch(xp, x, y):
        """Return x + y."""
        return x + y

    with pytest.raises(TypeError, match="2 gradient rules expected, got 1"):
        scratch.vjp(lambda F, g: g)
    with pytest.raises(TypeError, match="asks for 'z'"):
        scratch.vjp(lambda F, g, z: g, None)
    with pytest.raises(AttributeError, match="No primitive is called 'mystery'"):
        backward.raw_ops(ops.convert_to_tensor(1.0).device).mystery  # noqa: B018


def test_calling_errors():
    with pytest.raises(TypeError, match="add"):
        ops.add(1.0)
    with pytest.raises(TypeError, match=r"add\(\) got 3 arguments; it takes \(x1, x2\)"):
        ops.add(1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="two values for argument 'x1'"):
        ops.add(1.0, x1=2.0)
    with pytest.raises(TypeError, match="axes"):
        ops.sum(np.ones(2), axes=0)
