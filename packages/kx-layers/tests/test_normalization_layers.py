"""What only the normalization and pooling layers do: their averages, states, precision, limits, and the texts of errors."""

import pathlib

import numpy as np
import pytest

import kx_layers as layers
from kx_io import registry
from kx_tensor import GradientTape, KerasTensor, ops
from kx_tensor.random import set_random_seed

GOLDEN = pathlib.Path(__file__).parent / "golden"


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


# ---- BatchNormalization --------------------------------------------------------------------------------------


def test_moving_averages_are_updated_in_place_and_leave_no_tape():
    layer, x = layers.BatchNormalization(momentum=0.75), draw(8, 3)
    layer.build((None, 3))
    places = [layer.moving_mean.data, layer.moving_variance.data]
    layer(x, training=True)
    assert layer.moving_mean.data is places[0] and layer.moving_variance.data is places[1]
    assert layer.moving_mean.node is None
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.25 * x.mean(0), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.75 + 0.25 * x.var(0), rtol=1e-5)
    layer(x)
    layer(x, training=False)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.25 * x.mean(0), rtol=1e-5, atol=1e-7)


def test_a_frozen_layer_runs_as_in_inference_and_a_thawed_one_trains_again():
    layer, x = layers.BatchNormalization(momentum=0.5), draw(8, 3)
    layer(x, training=True)
    before = layer.get_weights()
    layer.trainable = False
    np.testing.assert_array_equal(layer(x, training=True).numpy(), layer(x).numpy())
    for now, then in zip(layer.get_weights(), before):
        np.testing.assert_array_equal(now, then)
    layer.trainable = True
    assert [v.name for v in layer.trainable_variables] == ["gamma", "beta"]
    layer(x, training=True)
    assert np.any(layer.moving_mean.numpy() != before[2])


def test_stateless_call_returns_the_new_averages_and_keeps_the_old():
    layer, x = layers.BatchNormalization(momentum=0.5), draw(8, 3)
    layer.build((None, 3))
    trained = [v.numpy() for v in layer.trainable_variables]
    averages = [v.numpy() for v in layer.non_trainable_variables]
    _, (mean, _) = layer.stateless_call(trained, averages, x, training=True)
    np.testing.assert_allclose(mean.numpy(), 0.5 * x.mean(0), rtol=1e-5, atol=1e-7)
    assert not layer.moving_mean.numpy().any() and not averages[0].any()


@pytest.mark.parametrize(
    "policy, kept", [("mixed_float16", "float32"), ("float16", "float16"), ("bfloat16", "bfloat16")]
)
@pytest.mark.parametrize("renorm", [False, True])
def test_moments_of_halves_are_those_of_float32(policy, kept, renorm):
    layer = layers.BatchNormalization(momentum=0.0, renorm_momentum=0.0, renorm=renorm, dtype=policy)
    x = ops.cast(draw(512, 2) + 4, layer.compute_dtype)
    assert layer(x, training=True).dtype == layer.compute_dtype
    assert {v.dtype for v in layer.weights} == {kept}
    wide = ops.cast(x, "float32").numpy()
    tolerance = {"float32": 1e-5, "float16": 1e-3, "bfloat16": 1e-2}[kept]
    mean, variance = (
        ops.cast(v.value, "float32").numpy() for v in (layer.moving_mean, layer.moving_variance)
    )
    np.testing.assert_allclose(mean, wide.mean(0), rtol=tolerance)
    np.testing.assert_allclose(variance, wide.var(0), rtol=4 * tolerance)


def test_an_empty_batch_in_training_gives_no_nan():
    layer = layers.BatchNormalization()
    assert layer(np.zeros((0, 3), "float32"), training=True).shape == (0, 3)
    assert all(np.isfinite(w).all() for w in layer.get_weights())


def test_what_the_mask_leaves_out_changes_nothing_but_itself():
    x, mask = draw(2, 4, 3), np.array([[1, 1, 0, 1], [1, 0, 0, 0]], bool)
    spoilt = np.where(mask[..., None], x, np.nan).astype("float32")
    one, two = layers.BatchNormalization(momentum=0.0), layers.BatchNormalization(momentum=0.0)
    a, b = one(x, training=True, mask=mask).numpy(), two(spoilt, training=True, mask=mask).numpy()
    np.testing.assert_array_equal(a[mask], b[mask])
    np.testing.assert_allclose(two.moving_mean.numpy(), x[mask].mean(0), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="one axis less than x"):
        one(x, training=True, mask=mask[:, 0])


def test_gradients_reach_gamma_beta_and_the_input_in_inference_too():
    layer, x = layers.BatchNormalization(), ops.convert_to_tensor(draw(5, 3))
    layer.build((None, 3))
    for training in (True, False):
        with GradientTape() as tape:
            tape.watch(x)
            loss = ops.sum(ops.square(layer(x, training=training)) * draw(5, 3, seed=1))
        found = tape.gradient(loss, [x, *layer.trainable_variables])
        assert all(np.any(g.numpy()) for g in found)


def test_batch_normalization_says_what_is_wrong():
    with pytest.raises(
        ValueError, match=r"the size of axis -1 must be known, got input_shape=\(None, None\)"
    ):
        layers.BatchNormalization()(KerasTensor((None, None)))
    with pytest.raises(ValueError, match="no axis 3 in input_shape"):
        layers.BatchNormalization(axis=3)(draw(2, 3))
    with pytest.raises(ValueError, match="synchronized must be False: kx trains on one device"):
        layers.BatchNormalization(synchronized=True)
    with pytest.raises(ValueError, match=r"keys rmax, rmin, dmax, got \['max'\]"):
        layers.BatchNormalization(renorm=True, renorm_clipping={"max": 1.0})


# ---- LayerNormalization and its kin --------------------------------------------------------------------------


def test_rms_scaling_divides_by_the_deviation_alone():
    with pytest.warns(DeprecationWarning, match="RMSNormalization"):
        layer = layers.LayerNormalization(axis=[1, 2], rms_scaling=True, epsilon=0.1)
    x = draw(2, 3, 4) + 3
    layer.build(x.shape)
    assert [(w.name, w.shape) for w in layer.weights] == [("gamma", (3, 4))]
    layer.gamma.assign(draw(3, 4, seed=1))
    expected = x / np.sqrt(x.var((1, 2), keepdims=True) + 0.1) * layer.gamma.numpy()
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-5)
    assert layer.get_config()["rms_scaling"] is True and layer.get_config()["center"] is True


def test_as_many_groups_as_channels_is_what_minus_one_means():
    x = draw(2, 5, 6)
    each, all_of_them = layers.GroupNormalization(-1), layers.GroupNormalization(6)
    np.testing.assert_array_equal(each(x).numpy(), all_of_them(x).numpy())
    assert each.get_config()["groups"] == -1
    alike = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(each(x).numpy(), alike, rtol=1e-4, atol=1e-6)


def test_normalization_says_what_is_wrong():
    with pytest.raises(ValueError, match="groups=3 must divide the number of channels, 4 on axis -1"):
        layers.GroupNormalization(3)(draw(2, 4))
    with pytest.raises(
        ValueError, match="groups must be a positive integer, or -1 for instance normalization, got 0"
    ):
        layers.GroupNormalization(0)
    with pytest.raises(ValueError, match="axis=0 holds the samples"):
        layers.GroupNormalization(2, axis=0)(draw(2, 4))
    with pytest.raises(ValueError, match="no axis 2 in input_shape"):
        layers.LayerNormalization(axis=[1, 2])(draw(2, 4))
    with pytest.raises(ValueError, match="axis must be a int or a sequence"):
        layers.RMSNormalization(axis="last")


def test_unit_normalization_of_large_halves():
    x = np.array([[300.0, 400.0]], "float16")
    out = layers.UnitNormalization(dtype="float16")(x)
    np.testing.assert_allclose(out.numpy().astype("float32"), [[0.6, 0.8]], rtol=1e-3)


# ---- SpectralNormalization -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrapped, x", [(layers.Dense(3), draw(2, 4)), (layers.Embedding(5, 3), np.array([[0, 4]]))]
)
def test_the_largest_singular_value_becomes_one(wrapped, x):
    set_random_seed(3)  # with two singular values alike, the iteration would take longer
    layer = layers.SpectralNormalization(wrapped, power_iterations=4)
    layer(x)
    kernel = layer.kernel.numpy()
    assert [w.name for w in layer.non_trainable_weights] == ["vector_u"]
    for _ in range(10):
        layer(x, training=True)
    np.testing.assert_allclose(np.linalg.svd(layer.kernel.numpy())[1].max(), 1.0, rtol=1e-4)
    ratio = layer.kernel.numpy() / kernel
    np.testing.assert_allclose(ratio, np.full_like(ratio, ratio[0, 0]), rtol=1e-4)
    before = layer.get_weights()
    layer(x)
    for now, then in zip(layer.get_weights(), before):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("iterations", [1, 3])
def test_spectral_normalization_trains_as_in_keras(iterations):
    with np.load(GOLDEN / "spectral.npz") as golden:
        golden = dict(golden)
    layer = layers.SpectralNormalization(layers.Dense(4), power_iterations=iterations)
    x, y = golden["x"], golden["y"]
    layer.build((None, 3))
    layer.kernel.assign(golden["kernel"])
    layer.vector_u.assign(golden["u"])
    with GradientTape() as tape:
        out = layer(x, training=True)
        loss = ops.sum(ops.square(out - y))
    np.testing.assert_allclose(out.numpy(), golden[f"{iterations}.out"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.vector_u.numpy(), golden[f"{iterations}.u"], rtol=1e-5)
    gradient = tape.gradient(loss, layer.kernel).numpy()
    np.testing.assert_allclose(gradient, golden[f"{iterations}.gradient"], rtol=1e-5)

    layer.kernel.assign(golden["kernel"])
    layer.vector_u.assign(golden["u"])
    for step in range(3):
        with GradientTape() as tape:
            loss = ops.mean(ops.square(layer(x, training=True) - y))
        for weight, gradient in zip(layer.trainable_weights, tape.gradient(loss, layer.trainable_weights)):
            weight.assign_sub(0.1 * gradient)
        np.testing.assert_allclose(layer.kernel.numpy(), golden[f"{iterations}.kernel.{step}"], rtol=1e-5)


def test_only_a_layer_with_a_kernel_can_be_wrapped():
    with pytest.raises(ValueError, match="a layer with a kernel or embeddings, got ReLU"):
        layers.SpectralNormalization(layers.ReLU())(draw(2, 3))


# ---- pooling -------------------------------------------------------------------------------------------------


def test_aliases_are_the_same_classes():
    for rank in (1, 2, 3):
        for short, name in (("Max", "Max"), ("Avg", "Average")):
            cls = getattr(layers, f"{name}Pooling{rank}D")
            assert (
                getattr(layers, f"{short}Pool{rank}D")
                is cls
                is registry("layers").find(f"{short}Pool{rank}D")
            )
            cls = getattr(layers, f"Global{name}Pooling{rank}D")
            assert getattr(layers, f"Global{short}Pool{rank}D") is cls
            assert registry("layers").find(f"Global{short}Pool{rank}D") is cls


def test_masked_steps_do_not_count_and_the_mask_ends():
    x, mask = draw(2, 4, 3), np.array([[1, 0, 1, 0], [0, 0, 0, 0]], bool)
    x[0, 1] = np.nan
    inputs = ops.convert_to_tensor(x)
    inputs._keras_mask = ops.convert_to_tensor(mask)
    with np.errstate(invalid="ignore"):
        out = layers.GlobalAveragePooling1D()(inputs)
    assert out._keras_mask is None
    np.testing.assert_allclose(out.numpy()[0], x[0, ::2].mean(0), rtol=1e-6)
    assert np.isnan(out.numpy()[1]).all()


@pytest.mark.parametrize("kind", ["Average", "Max"])
def test_adaptive_pooling_to_the_size_of_the_input_or_beyond(kind):
    x = draw(2, 5, 3)
    layer = getattr(layers, f"Adaptive{kind}Pooling1D")
    np.testing.assert_array_equal(layer(5)(x).numpy(), x)
    np.testing.assert_array_equal(layer(10)(x).numpy(), np.repeat(x, 2, axis=1))
    assert layer(4)(KerasTensor((None, None, 3))).shape == (None, 4, 3)


def test_pooling_says_what_is_wrong():
    with pytest.raises(
        ValueError, match=r"pool_size must be an integer of at least 1, or 2 of them, got \(2, 2, 2\)"
    ):
        layers.MaxPooling2D((2, 2, 2))
    with pytest.raises(ValueError, match="padding must be 'valid' or 'same', got 'full'"):
        layers.AveragePooling1D(2, padding="full")
    with pytest.raises(ValueError, match="expected 4 dimensions"):
        layers.MaxPooling2D()(draw(4, 4, 1))
    with pytest.raises(ValueError, match="a window of 5 positions .* does not fit an input with 3"):
        layers.MaxPooling2D(5)(draw(1, 3, 3, 1))
    with pytest.raises(ValueError, match="a window of 5 positions .* does not fit an input with 3"):
        layers.MaxPooling2D(5)(KerasTensor((None, 3, 3, 1)))
    assert layers.MaxPooling2D(2, 1, "same", "channels_first", "pool").name == "pool"
