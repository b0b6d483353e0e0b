"""What the base owns: learning rates, old spellings, averages, decay, errors, users' own optimizers, cost."""

import sys
import tracemalloc
import warnings

import numpy as np
import pytest

import kx_optimizers as optimizers
from kx_io import register_keras_serializable
from kx_optimizers import schedules
from kx_tensor import Tensor, Variable, naming, ops
from kx_tensor import device as devices

SMALL = [(10, 16), (16,), (16, 1), (1,)]  # 193 parameters


def variables_of(*shapes):
    rng = np.random.default_rng(0)
    return [Variable(rng.normal(size=s).astype("float32")) for s in shapes]


def gradients_of(variables):
    rng = np.random.default_rng(1)
    return [rng.normal(size=v.shape).astype("float32") for v in variables]


# ---- learning rates -------------------------------------------------------------------------------------


def test_learning_rate_can_be_assigned_and_is_a_variable():
    w = Variable([1.0])
    optimizer = optimizers.SGD(learning_rate=1)
    assert float(optimizer.learning_rate) == 1.0
    optimizer.learning_rate = 0.5
    optimizer.apply([np.ones(1)], [w])
    optimizer.learning_rate.assign(0.25)
    optimizer.apply([np.ones(1)], [w])
    assert w.numpy() == [0.25]
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([5], [0.125, 0.0])
    optimizer.apply([np.ones(1)], [w])
    assert w.numpy() == [0.125]
    assert [v.name for v in optimizer.variables] == ["iteration"]


def test_a_schedule_is_replaced_only_by_a_schedule():
    optimizer = optimizers.SGD(schedules.ExponentialDecay(0.1, 2, 0.5), name="sgd")
    with pytest.raises(TypeError, match="learning rate of 'sgd' is a schedule.*Assign a schedule"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = schedules.ExponentialDecay(0.5, 2, 0.5)
    assert float(optimizer.learning_rate) == 0.5


def test_callables_and_own_schedules_as_learning_rate():
    class Own(schedules.LearningRateSchedule):
        def __init__(self, start):
            self.start = start

        def __call__(self, step):
            return self.start / (ops.cast(step, "float32") + 1.0)

    rates = []
    for rate in (Own(0.5), lambda: 0.5, lambda step: 0.5 / (step + 1)):
        w = Variable([1.0])
        optimizer = optimizers.SGD(rate)
        for _ in range(2):
            optimizer.apply([np.ones(1)], [w])
        rates.append(w.numpy().item())
    assert rates == [0.25, 0.0, 0.25]
    assert optimizers.SGD(Own(0.5)).get_config()["learning_rate"]["config"] == {"start": 0.5}


def test_a_schedule_without_a_rule_says_what_to_define():
    with pytest.raises(NotImplementedError, match="'LearningRateSchedule' must define `__call__"):
        schedules.LearningRateSchedule()(1)


@pytest.mark.parametrize("value", ["fast", None, [0.1], True, optimizers.SGD])
def test_bad_learning_rate(value):
    with pytest.raises(
        ValueError, match="learning_rate must be a number, a LearningRateSchedule, or a callable"
    ):
        optimizers.SGD(learning_rate=value)


def test_old_spellings_work_and_name_the_new_one():
    with pytest.warns(
        FutureWarning, match=r"SGD\(lr=...\) is the spelling of Keras 1 and 2; write SGD\(learning_rate="
    ) as w:
        optimizer = optimizers.SGD(lr=0.5)
    assert float(optimizer.learning_rate) == 0.5
    assert w[0].filename == __file__
    with pytest.warns(FutureWarning, match=r"InverseTimeDecay\(0.5, decay_steps=1, decay_rate=0.25\)") as w:
        optimizer = optimizers.SGD(0.5, decay=0.25)
    assert w[0].filename == __file__
    v = Variable([0.0])
    for _ in range(3):
        optimizer.apply([np.ones(1)], [v])
    np.testing.assert_allclose(v.numpy(), -0.5 * (1 + 1 / 1.25 + 1 / 1.5), rtol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(optimizers.SGD(0.5, decay=0.0).learning_rate) == 0.5
    with pytest.raises(ValueError, match="cannot be combined with a schedule"):
        optimizers.SGD(schedules.ExponentialDecay(0.1, 2, 0.5), decay=0.1)
    with pytest.warns(FutureWarning), pytest.raises(TypeError, match="'learning_rate' twice"):
        optimizers.SGD(learning_rate=0.1, lr=0.2)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_lr_is_what_decay_has_not_changed():
    plain = optimizers.SGD(0.5)
    assert plain.lr is plain.learning_rate
    plain.lr = 0.25
    assert float(plain.learning_rate) == 0.25
    optimizer, v = optimizers.SGD(lr=0.5, decay=1.0), Variable([0.0])
    optimizer.apply([np.ones(1)], [v])
    assert float(optimizer.lr) == 0.5 and float(optimizer.learning_rate) == 0.25
    optimizer.lr.assign(0.25)
    assert float(optimizer.lr.numpy()) == 0.25 and float(optimizer.learning_rate) == 0.125
    optimizer.apply([np.ones(1)], [v])
    np.testing.assert_allclose(v.numpy(), -0.625)


def test_epsilon_none_of_old_code_means_the_default():
    assert optimizers.Adam(epsilon=None).epsilon == 1e-7


def test_positional_order_is_that_of_keras():
    assert optimizers.SGD(0.1, 0.9, True, 0.01).get_config() | {"name": ""} == optimizers.SGD(
        learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.01
    ).get_config() | {"name": ""}
    assert optimizers.AdamW(0.1, 0.5, 0.8).beta_1 == 0.8


# ---- clipping, decay, averages --------------------------------------------------------------------------


def test_clipping_bounds_what_it_says():
    def moved(**arguments):
        variables = [Variable(np.zeros(3, "float32")), Variable(np.zeros(2, "float32"))]
        optimizers.SGD(1.0, **arguments).apply([np.array([3.0, 0.0, 4.0]), np.array([0.3, 0.4])], variables)
        return [-v.numpy() for v in variables]

    each = moved(clipnorm=1.0)
    np.testing.assert_allclose(each[0], [0.6, 0.0, 0.8], rtol=1e-6)
    np.testing.assert_allclose(each[1], [0.3, 0.4], rtol=1e-6)
    together = moved(global_clipnorm=1.0)
    np.testing.assert_allclose(np.linalg.norm(np.concatenate(together)), 1.0, rtol=1e-6)
    np.testing.assert_allclose(np.concatenate(moved(clipvalue=0.35)), [0.35, 0.0, 0.35, 0.3, 0.35], rtol=1e-6)


def test_global_norm_counts_all_dtypes():
    variables = [Variable(np.zeros(1, d)) for d in ("float16", "float32", "float64")]
    optimizers.SGD(1.0, global_clipnorm=1.0).apply(
        [np.full(1, 2.0, v.data.dtype) for v in variables], variables
    )
    np.testing.assert_allclose([float(v) for v in variables], [-(3**-0.5)] * 3, rtol=1e-3)


def test_an_infinite_gradient_shows_as_nan_after_global_clipping_without_a_warning():
    w = Variable([1.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizers.SGD(0.1, global_clipnorm=1.0).apply([np.array([np.inf, 1.0])], [w])
    assert np.isnan(w.numpy()).all()


def test_weight_decay_leaves_out_what_is_excluded():
    kept, left = Variable([1.0], name="kernel"), Variable([1.0], name="bias")
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[left])
    optimizer.apply([np.zeros(1), np.zeros(1)], [kept, left])
    assert (kept.numpy(), left.numpy()) == ([0.75], [1.0])
    with pytest.raises(ValueError, match="before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])
    with pytest.raises(ValueError, match="AdamW needs a weight_decay"):
        optimizers.AdamW(weight_decay=None)


def test_averages_replace_the_variables_at_the_end():
    w = Variable([0.0])
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(3):
        optimizer.apply([-np.ones(1)], [w])  # 1, 2, 3
    optimizer.finalize_variable_values([w])
    assert w.numpy() == [0.5 * (0.5 * 1 + 0.5 * 2) + 0.5 * 3]
    with pytest.raises(ValueError, match="got 2 variables.*averages of 1"):
        optimizer.finalize_variable_values([w, w])


def test_float64_is_computed_in_float64():
    w = Variable(np.array([1.0, 2.0]), dtype="float64")
    optimizer = optimizers.Adam(learning_rate=0.5)
    m = v = 0.0
    expected = w.numpy()
    g = np.array([0.1, -0.3])
    for t in range(1, 4):
        optimizer.apply([g], [w])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        expected = expected - 0.5 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
    np.testing.assert_allclose(w.numpy(), expected, rtol=1e-12)


def test_subset_of_the_variables_leaves_the_others_alone():
    a, b = variables_of((3,), (2,))
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.build([a, b])
    before = a.numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.apply([np.ones(2)], [b])
    np.testing.assert_array_equal(a.numpy(), before)


def test_dynamic_loss_scale_is_passed_to_the_loss():
    optimizer = optimizers.LossScaleOptimizer("sgd", initial_scale=8.0)
    assert optimizer.scale_loss(2.0) == 16.0
    optimizer.learning_rate = 0.5
    w = Variable([1.0])
    optimizer.apply([np.full(1, 8.0, "float16")], [w])
    assert w.numpy() == [0.5]
    assert float(optimizer.inner_optimizer.learning_rate) == 0.5
    assert optimizers.SGD(loss_scale_factor=4.0).scale_loss(2.0) == 8.0


# ---- errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"momentun": 0.9}, TypeError, "unexpected keyword argument 'momentun'. Did you mean 'momentum'"),
        ({"clipnorm": -1.0}, ValueError, "clipnorm must be a positive number, got -1.0"),
        ({"clipvalue": -1.0}, ValueError, "clipvalue must be a positive number, got -1.0"),
        ({"global_clipnorm": 0.0}, ValueError, "global_clipnorm must be a positive number"),
        (
            {"clipnorm": 1.0, "clipvalue": 1.0},
            ValueError,
            "only one of clipnorm, clipvalue and global_clipnorm",
        ),
        ({"momentum": 2.0}, ValueError, "momentum must be a number between 0 and 1, got 2.0"),
        ({"use_ema": True, "ema_momentum": 2.0}, ValueError, "ema_momentum must be a number between 0 and 1"),
        ({"ema_overwrite_frequency": 1.5}, ValueError, "ema_overwrite_frequency must be a positive integer"),
        ({"gradient_accumulation_steps": 1}, ValueError, "must be an integer of at least 2, got 1"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        optimizers.SGD(**arguments)


def test_gradients_that_do_not_fit():
    a, b = variables_of((3, 4), (4,))
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match=r"must already be built.*Call `optimizer.build"):
        optimizer.apply([np.ones((3, 4))])
    optimizer.build([a])
    with pytest.raises(ValueError, match="got 2 gradients, but the optimizer was built for 1 variables"):
        optimizer.apply([np.ones((3, 4)), np.ones(4)])
    with pytest.raises(ValueError, match="got 1 gradients for 2 variables"):
        optimizer.apply([np.ones((3, 4))], [a, b])
    with pytest.raises(ValueError, match="^Unknown variable: .* recreate a new optimizer instance"):
        optimizer.apply([np.ones(4)], [b])
    with pytest.raises(ValueError, match=r"has shape \(4, 3\), the variable has shape \(3, 4\)"):
        optimizer.apply([np.ones((4, 3))], [a])
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply_gradients([(None, a)])
    optimizer.apply([], [])
    assert int(optimizer.iterations) == 0


def test_a_missing_gradient_is_reported_with_the_variables_path():
    with naming.name_scope("dense"):
        kernel, bias = Variable([1.0], name="kernel"), Variable([1.0], name="bias")
    with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['dense/bias'\]"):
        optimizers.SGD(0.5).apply([np.ones(1), None], [kernel, bias])
    assert (kernel.numpy(), bias.numpy()) == ([0.5], [1.0])


def test_state_of_another_size_is_not_loaded():
    optimizer = optimizers.Adam(name="adam")
    with pytest.warns(UserWarning, match="'adam' was not loaded: it has 2 variables, the saved one 1"):
        optimizer.load_own_variables({"0": np.array(3)})
    with pytest.raises(ValueError, match="has 2 variables, set_weights got 1"):
        optimizer.set_weights([np.array(3)])
    optimizer.set_weights([np.array(3), np.array(0.5)])
    assert int(optimizer.iterations) == 3


def test_stateless_apply_checks():
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="SGD must be built first"):
        optimizer.stateless_apply([], [], [])
    optimizer.build(variables_of((3,)))
    with pytest.raises(ValueError, match="expects 1 trainable and 2 optimizer values, got 1 and 0"):
        optimizer.stateless_apply([], [np.ones(3)], [np.ones(3)])


def test_unknown_names_and_bad_wrapping():
    with pytest.raises(ValueError, match="Unknown optimizer 'adamm'.*Did you mean 'adam'"):
        optimizers.get("adamm")
    with pytest.raises(ValueError, match="Cannot use 3 of type int as a optimizer|as an optimizer"):
        optimizers.get(3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'clipnorm'.*to the inner optimizer"):
        optimizers.LossScaleOptimizer("sgd", clipnorm=1.0)
    with pytest.raises(TypeError, match="not itself a LossScaleOptimizer"):
        optimizers.LossScaleOptimizer(optimizers.LossScaleOptimizer("sgd"))
    with pytest.raises(ValueError, match="must be positive, got 0"):
        optimizers.LossScaleOptimizer("sgd", initial_scale=0)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.9), "decay_steps must be a positive integer, got 0"),
        (
            lambda: schedules.PiecewiseConstantDecay([10, 20], [1.0]),
            "one value more than boundaries.*2 boundaries",
        ),
        (
            lambda: schedules.CosineDecayRestarts(0.1, 0),
            "first_decay_steps must be a positive integer, got 0",
        ),
    ],
)
def test_bad_schedules(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_coefficients_that_would_divide_by_zero():
    for make in (optimizers.Adam, optimizers.AdamW, optimizers.Nadam, optimizers.Lamb):
        with pytest.raises(ValueError, match="beta_1 must be a number of at least 0 and below 1, got 1.0"):
            make(beta_1=1.0)


# ---- users' own optimizers ------------------------------------------------------------------------------


@register_keras_serializable("tests")
class KerasStyleSGD(optimizers.Optimizer):
    """Momentum written per variable with ops, as Keras's guide does."""

    def __init__(self, learning_rate=0.1, momentum=0.9, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums = [self.add_variable_from_reference(v, name="momentum") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        learning_rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, ops.subtract(ops.multiply(m, self.momentum), ops.multiply(gradient, learning_rate)))
        self.assign_add(variable, m)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"clipnorm": 0.5},
        {"weight_decay": 0.1},
        {"gradient_accumulation_steps": 2},
        {"use_ema": True, "ema_overwrite_frequency": 2},
    ],
    ids=str,
)
def test_an_optimizer_written_as_in_keras(options):
    one, other = variables_of((3, 4), (5,)), variables_of((3, 4), (5,))
    own = KerasStyleSGD(learning_rate=0.1, name="o", **options)
    ready = optimizers.SGD(0.1, momentum=0.9, name="o", **options)
    for _ in range(4):
        own.apply(gradients_of(one), one)
        ready.apply(gradients_of(other), other)
    for a, b in zip([*one, *own.variables], [*other, *ready.variables], strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-7)
    assert [v.path.split("_", 2)[2:] for v in own.variables] == [
        v.path.split("_", 2)[2:] for v in ready.variables
    ]


def test_config_of_an_optimizer_with_its_own_init():
    own = KerasStyleSGD(0.25, momentum=0.5, clipnorm=1.0, name="mine")
    again = optimizers.deserialize(optimizers.serialize(own))
    assert (float(again.learning_rate), again.momentum, again.clipnorm, again.name) == (
        0.25,
        0.5,
        1.0,
        "mine",
    )


def test_extending_a_ready_optimizer_per_variable():
    class Halved(optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate * 0.5)

    one, other = variables_of((3, 4), (5,)), variables_of((3, 4), (5,))
    Halved(0.5).apply(gradients_of(one), one)
    optimizers.Adam(0.25).apply(gradients_of(other), other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)


def test_forgotten_pieces_of_an_own_optimizer_are_named():
    class NoStep(optimizers.Optimizer):
        pass

    class NoInit(optimizers.Optimizer):
        def __init__(self):
            self.momentum = 0.9

    with pytest.raises(NotImplementedError, match=r"NoStep must define step\(...\) or update_step"):
        NoStep(0.1).apply([np.ones(1)], [Variable([1.0])])
    with pytest.raises(RuntimeError, match=r"'NoInit', call super\(\).__init__"):
        NoInit().build([Variable([1.0])])


def test_own_variables_of_an_optimizer():
    optimizer = optimizers.SGD(name="s")
    kernel = Variable([1.0, 2.0], name="kernel")
    skipped = Variable([1.0], name="scale")
    skipped.overwrite_with_gradient = True
    first, second = optimizer.add_optimizer_variables([kernel, skipped], ["a", "b"], ["zeros", "ones"])
    assert [v.path for v in (first[0], second[0])] == ["s/kernel_a", "s/kernel_b"]
    assert (first[1], second[1]) == (None, None)
    np.testing.assert_array_equal(second[0].numpy(), [1.0, 1.0])
    with pytest.raises(ValueError, match="one initializer for each name"):
        optimizer.add_optimizer_variables([kernel], ["a", "b"], ["zeros"])
    with pytest.raises(ValueError, match="'zeros', 'ones', a number or a callable, got 'orthogonal'"):
        optimizer.add_variable((2,), "orthogonal")


# ---- cost -----------------------------------------------------------------------------------------------


def python_calls(function):
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event == "call"

    function()
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(("name", "budget"), [("SGD", 15), ("RMSprop", 16), ("Adam", 17)])
def test_python_calls_of_a_step(name, budget, plain_numpy):
    variables = variables_of(*SMALL)
    optimizer, gradients = optimizers.get(name), [Tensor(g) for g in gradients_of(variables)]
    assert python_calls(lambda: optimizer.apply(gradients, variables)) <= budget


@pytest.mark.skipif(devices.kx_kernels is None, reason="kx-kernels is not built")
@pytest.mark.parametrize(
    ("name", "options", "budget"), [("SGD", {}, 11), ("Adam", {}, 12), ("Adam", {"global_clipnorm": 1.0}, 15)]
)
def test_python_calls_of_a_native_step(name, options, budget, monkeypatch):
    monkeypatch.setattr(devices.cpu, "kernels", "native")
    variables = tuple(variables_of(*SMALL))
    optimizer, gradients = getattr(optimizers, name)(**options), [Tensor(g) for g in gradients_of(variables)]
    assert python_calls(lambda: optimizer.apply(gradients, variables)) <= budget


@pytest.mark.parametrize(
    "options", [{}, {"clipnorm": 1.0}, {"use_ema": True}, {"gradient_accumulation_steps": 2}], ids=str
)
def test_a_steady_step_allocates_no_arrays(options):
    variables = variables_of((300, 400), (400,))
    optimizer, gradients = optimizers.Adam(**options), gradients_of(variables)
    for _ in range(2):
        optimizer.apply(gradients, variables)
    tracemalloc.start()
    for _ in range(4):
        optimizer.apply(gradients, variables)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000  # one buffer would be 480,000 bytes
