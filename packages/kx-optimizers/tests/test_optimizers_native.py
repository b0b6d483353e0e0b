"""Every optimizer's kernel against its step in NumPy, and gradients that are rows of a table."""

import numpy as np
import pytest

import kx_optimizers as optimizers
from kx_tensor import RowSparse, Tensor, Variable
from kx_tensor import device as devices

# The arguments that choose a kernel, or a branch of one.
TABLE = {
    "SGD": {},
    "SGD momentum": {"momentum": 0.8},
    "SGD nesterov": {"momentum": 0.8, "nesterov": True},
    "SGD only nesterov": {"nesterov": True},
    "RMSprop": {},
    "RMSprop momentum": {"momentum": 0.5},
    "RMSprop centered": {"centered": True},
    "RMSprop both": {"centered": True, "momentum": 0.5},
    "Adam": {},
    "Adam amsgrad": {"amsgrad": True},
    "AdamW": {"weight_decay": 0.01},
    "Adamax": {},
    "Nadam": {},
    "Adagrad": {},
    "Adadelta": {"learning_rate": 1.0},
    "Ftrl": {},
    "Ftrl power": {"learning_rate_power": -0.3, "l1_regularization_strength": 0.01, "beta": 0.1},
    "Ftrl shrinkage": {"l2_regularization_strength": 0.1, "l2_shrinkage_regularization_strength": 0.1},
    "Lion": {},
    "Lamb": {},
    "ScheduleFreeAdamW": {"warmup_steps": 2},
}
NAMES = list(TABLE)
pytestmark = pytest.mark.skipif(devices.kx_kernels is None, reason="kx-kernels is not built")

SHAPES = [(30, 4), (5,), (), (0, 3), (97, 101)]
EXACT = [
    {},
    {"weight_decay": 0.1},
    {"clipvalue": 0.5},
    {"loss_scale_factor": 4.0},
    {"gradient_accumulation_steps": 2},
    {"gradient_accumulation_steps": 2, "global_clipnorm": 1.0},
    {"use_ema": True, "ema_overwrite_frequency": 2},
]
# Norms are summed in another order.
ROUNDED = [
    {"clipnorm": 1.0},
    {"global_clipnorm": 1.0},
    {"clipnorm": 1.0, "loss_scale_factor": 4.0, "weight_decay": 0.1},
]


def make(name, /, **more):
    return getattr(optimizers, name.split()[0])(**{"learning_rate": 0.05, **TABLE[name], **more})


def values(variables):
    return [v.numpy() for v in variables]


def assert_equal(actual, expected):
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def trained(kernels, name, options, gradients, dtype="float32"):
    """The variables and the state after a step for each list of gradients."""
    previous, devices.cpu.kernels = devices.cpu.kernels, kernels
    try:
        rng = np.random.default_rng(0)
        variables = [Variable(np.asarray(rng.normal(size=shape), dtype)) for shape in SHAPES]
        optimizer = make(name, **options)
        for each in gradients:
            optimizer.apply(each, variables)
        return values([*variables, *optimizer.variables])
    finally:
        devices.cpu.kernels = previous


def dense_gradients(dtype="float32"):
    rng = np.random.default_rng(7)
    return [[np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES] for _ in range(4)]


def assert_same(actual, expected, exact):
    if exact:
        assert_equal(actual, expected)
        return
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("options", EXACT + ROUNDED, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_gives_what_the_step_gives(name, options):
    gradients = dense_gradients()
    native, plain = (trained(k, name, options, gradients) for k in ("native", None))
    assert_same(native, plain, exact=options in EXACT and not name.startswith(("Lamb", "Ftrl")))


@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_in_float64(name):
    gradients = dense_gradients("float64")
    native, plain = (trained(k, name, {}, gradients, "float64") for k in ("native", None))
    for a, b in zip(native, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize(
    "options", [{}, {"global_clipnorm": 1.0}, {"gradient_accumulation_steps": 2}], ids=str
)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_variables_without_a_gradient(name, options):
    gradients = dense_gradients()
    gradients[1][0] = gradients[2][4] = gradients[3][1] = None
    native, plain = (trained(k, name, options, gradients) for k in ("native", None))
    assert_same(native, plain, exact=not options and not name.startswith(("Lamb", "Ftrl")))


def rows_of(shape, count, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, shape[0], count).astype("int32")
    return RowSparse(ids, rng.normal(size=(count, *shape[1:])).astype("float32"), shape)


@pytest.mark.parametrize("options", EXACT + ROUNDED, ids=str)
@pytest.mark.parametrize("kernels", ["native", None])
@pytest.mark.parametrize("name", NAMES)
def test_rows_of_a_table_give_what_the_whole_gradient_gives(name, kernels, options):
    dense, sparse = dense_gradients(), dense_gradients()
    for step, (some, all_) in enumerate(zip(sparse, dense, strict=True)):
        some[0], some[4] = rows_of((30, 4), 6, step), rows_of((97, 101), 40, step)
        all_[0], all_[4] = some[0].dense(), some[4].dense()
    some, all_ = (trained(kernels, name, options, g) for g in (sparse, dense))
    assert_same(some, all_, exact=options in EXACT and name != "Lamb")


def test_the_loss_scale_optimizer_takes_rows():
    table = Variable(np.ones((5, 2), "float32"))
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(0.5), initial_scale=2.0)
    optimizer.apply([RowSparse(np.array([1, 1]), np.ones((2, 2), "float32"), (5, 2))], [table])
    np.testing.assert_array_equal(table.numpy()[:3], [[1, 1], [0.5, 0.5], [1, 1]])


def test_rows_of_the_wrong_table_are_refused():
    table = Variable(np.ones((5, 2), "float32"))
    with pytest.raises(ValueError, match=r"has shape \(4, 2\), the variable has shape \(5, 2\)"):
        optimizers.SGD(0.5).apply([RowSparse(np.array([1]), np.ones((1, 2), "float32"), (4, 2))], [table])


@pytest.fixture
def counted(monkeypatch):
    """The names of the kernels that run."""
    ran, step = [], devices.kx_kernels.optimizer_step
    monkeypatch.setattr(devices.cpu, "kernels", "native")
    monkeypatch.setattr(
        devices.kx_kernels, "optimizer_step", lambda rule, *args: ran.append(rule) or step(rule, *args)
    )
    return ran


def test_which_kernel_runs(counted):
    class Halved(optimizers.Adam):
        def constants(self, t, learning_rate):
            return super().constants(t, learning_rate * 0.5)

    class Still(optimizers.SGD):
        def step(self, xp, p, g, slots, constants, scratch):
            pass

    for optimizer in (
        optimizers.SGD(momentum=0.5, nesterov=True), optimizers.SGD(nesterov=True), optimizers.Adam(amsgrad=True),
        optimizers.AdamW(), optimizers.RMSprop(centered=True), Halved(), Still(),
    ):  # fmt: skip
        optimizer.apply([np.ones(2)], [Variable([1.0, 2.0])])
    assert counted == [
        "sgd_momentum_nesterov",
        "sgd_nesterov",
        "adam_amsgrad",
        "adam",
        "rmsprop_centered",
        "adam",
    ]


def test_16_bit_variables_run_without_a_kernel(counted):
    variables = [Variable(np.ones(2, "float16")), Variable([1.0])]
    optimizers.SGD(1.0).apply([Tensor(np.ones(2, "float16")), np.ones(1)], variables)
    assert counted == []
    assert_equal(values(variables), [np.zeros(2, "float16"), np.zeros(1, "float32")])
