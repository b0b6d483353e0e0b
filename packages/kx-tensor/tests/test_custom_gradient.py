"""`custom_gradient`: rules of the user's own, with several inputs and outputs, and their second derivatives."""

import numpy as np
import pytest

from kx_tensor import GradientTape, KerasTensor, Variable, custom_gradient, grad, no_grad, ops
from kx_tensor.gradients import gradients
from kx_tensor.testing import check_grad, leaf_tensor


@custom_gradient
def log1pexp(x):
    e = ops.exp(x)
    return ops.log(1.0 + e), lambda upstream: upstream * (1.0 - 1.0 / (1.0 + e))


def test_the_given_rule_is_used():
    assert float(grad(log1pexp)(100.0)) == pytest.approx(1.0)

    @custom_gradient
    def doubled(x):
        return x * 2.0, lambda upstream: upstream * 100.0

    assert float(grad(doubled)(1.0)) == 100.0


def test_second_derivatives_differentiate_the_rule():
    check_grad(log1pexp, np.array([-1.0, 0.3, 2.0]))


def test_second_derivative_of_a_clipped_gradient():
    @custom_gradient
    def clipped(x):
        return x**3, lambda upstream: ops.clip(upstream * 3.0 * x * x, -1.0, 1.0)

    assert [float(grad(clipped)(v)) for v in (0.5, 5.0)] == [0.75, 1.0]
    assert [float(grad(grad(clipped))(v)) for v in (0.5, 5.0)] == [3.0, 0.0]


def test_several_inputs():
    @custom_gradient
    def product(a, b):
        return a * b, lambda upstream: (upstream * b * 10.0, None)

    a, b = leaf_tensor(np.float32(2.0)), leaf_tensor(np.float32(3.0))
    ga, gb = gradients(product(a, b), [a, b])
    assert (float(ga), gb) == (30.0, None)


def test_several_outputs_get_one_upstream_each():
    @custom_gradient
    def both(x):
        return (x * 2.0, x * 3.0), lambda g1, g2: g1 * 2.0 + g2 * 3.0

    x = leaf_tensor(np.array([1.0, 2.0], "float32"))
    a, b = both(x)
    assert gradients((a * 10.0 + b).sum(), [x])[0].numpy().tolist() == [23.0, 23.0]
    assert gradients(a.sum(), [x])[0].numpy().tolist() == [2.0, 2.0], (
        "zeros arrive for an output that is not used"
    )
    check_grad(both, np.array([1.0, 2.0]))


def test_outputs_keep_their_container():
    @custom_gradient
    def listed(x):
        return [x + 1.0, x + 2.0], lambda g1, g2: g1 + g2

    assert isinstance(listed(leaf_tensor(np.float32(0.0))), list)
    assert isinstance(listed(1.0), list)


def test_gradients_reach_variables_given_as_arguments():
    v = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = log1pexp(v)
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), 1 / (1 + np.exp([-1.0, -2.0])), rtol=1e-6)


def test_variables_of_the_inside_are_constants():
    v = Variable(3.0)

    @custom_gradient
    def scaled(x):
        return x * v, lambda upstream: upstream * v

    x = leaf_tensor(np.float32(2.0))
    assert [None if g is None else float(g) for g in gradients(scaled(x), [x, v])] == [3.0, None]
    assert scaled(ops.convert_to_tensor(2.0)).node is None


def test_a_wrong_number_of_gradients():
    @custom_gradient
    def wrong(a, b):
        return a + b, lambda upstream: upstream

    with pytest.raises(ValueError, match="wrong: its gradient function gave 1 values for 2 inputs"):
        grad(wrong)(1.0, 2.0)


def test_nothing_is_recorded_under_no_grad():
    with no_grad():
        assert log1pexp(Variable(1.0)).node is None


def test_name_and_docstring_stay():
    @custom_gradient
    def documented(x):
        """Return x."""
        return x, lambda upstream: upstream

    assert (documented.__name__, documented.__doc__) == ("documented", "Return x.")


def test_symbolic_call():
    assert log1pexp(KerasTensor((None, 3))).shape == (None, 3)
