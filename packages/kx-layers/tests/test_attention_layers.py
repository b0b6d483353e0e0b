"""What the attention layers do beyond what is recorded of Keras: training, dropout, devices, odd sizes, errors."""

import json

import numpy as np
import pytest

import kx_layers
from kx_io import deserialize, serialize
from kx_layers import AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention
from kx_tensor import GradientTape, KerasTensor, ops
from kx_tensor.device import device
from kx_tensor.standin import standin

HEADS = {
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
    "GroupedQueryAttention": {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
}
both = pytest.mark.parametrize("name", HEADS)
RNG = np.random.default_rng(0)
QUERY, VALUE = RNG.normal(size=(3, 4, 5)).astype("float32"), RNG.normal(size=(3, 6, 5)).astype("float32")


def make(name, **extra):
    return getattr(kx_layers, name)(**HEADS[name], **extra)


@both
def test_config_round_trip_keeps_the_weights_places(name):
    layer = make(name, dropout=0.2, seed=3, use_gate=True)
    layer(QUERY, VALUE)
    whole = json.loads(json.dumps(serialize(layer)))
    assert (whole["module"], whole["class_name"]) == ("keras.layers", name.replace("Grouped", "Group"))
    again = deserialize(whole)
    assert [w.shape for w in again.weights] == [w.shape for w in layer.weights]
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(QUERY, VALUE).numpy(), layer(QUERY, VALUE).numpy())


@both
def test_one_step_lowers_a_loss(name):
    layer = make(name)
    target = RNG.normal(size=QUERY.shape).astype("float32")

    def loss():
        return ops.mean(ops.square(layer(QUERY, VALUE) - target))

    with GradientTape() as tape:
        before = loss()
    for variable, g in zip(layer.trainable_variables, tape.gradient(before, layer.trainable_variables)):
        variable.assign_sub(0.05 * g)
    assert float(loss()) < float(before)


@both
def test_the_fused_call_agrees_with_the_one_that_returns_scores(name):
    layer = make(name, use_gate=True)
    for options in ({}, {"use_causal_mask": True}, {"attention_mask": RNG.random((3, 4, 6)) < 0.9}):
        out, scores = layer(QUERY, VALUE, return_attention_scores=True, **options)
        np.testing.assert_allclose(layer(QUERY, VALUE, **options).numpy(), out.numpy(), atol=2e-6)
        np.testing.assert_allclose(scores.numpy().sum(-1), 1, atol=1e-6)


@both
def test_dropout_is_on_in_training_only_and_new_at_every_call(name):
    layer = make(name, dropout=0.5, seed=1)
    calm = layer(QUERY, VALUE).numpy()
    np.testing.assert_array_equal(layer(QUERY, VALUE, training=False).numpy(), calm)
    first, second = (layer(QUERY, VALUE, training=True).numpy() for _ in range(2))
    assert np.abs(first - calm).max() > 1e-3 and np.abs(first - second).max() > 1e-3
    again = make(name, dropout=0.5, seed=1)
    again(QUERY, VALUE)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(QUERY, VALUE, training=True).numpy(), first)


@both
def test_dropout_is_the_same_with_scores_and_without(name):
    fused, open_ = make(name, dropout=0.3, seed=5), make(name, dropout=0.3, seed=5)
    fused(QUERY, VALUE)
    open_(QUERY, VALUE)
    open_.set_weights(fused.get_weights())
    mask = RNG.random((3, 4, 6)) < 0.8
    a = fused(QUERY, VALUE, attention_mask=mask, training=True)
    b, scores = open_(QUERY, VALUE, attention_mask=mask, training=True, return_attention_scores=True)
    np.testing.assert_allclose(a.numpy(), b.numpy(), atol=2e-6)
    np.testing.assert_allclose(
        scores.numpy().sum(-1), mask.any(-1)[:, None].repeat(scores.shape[1], 1), atol=1e-6
    )


@both
def test_a_query_mask_given_hides_its_rows_from_the_scores(name):
    mask = np.ones((3, 4), "bool")
    mask[1, 2] = False
    _, scores = make(name)(QUERY, VALUE, query_mask=mask, return_attention_scores=True)
    np.testing.assert_array_equal(scores.numpy()[1, :, 2], 0)


@both
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_stays_near(name, policy):
    layer, full = make(name, dtype=policy), make(name)
    layer(QUERY, VALUE)
    full(QUERY, VALUE)
    full.set_weights(layer.get_weights())
    out = layer(QUERY, VALUE, training=True)
    assert out.dtype == policy.removeprefix("mixed_")
    assert {w.dtype for w in layer.weights} == {"float32"}
    np.testing.assert_allclose(
        ops.cast(out, "float32").numpy(), full(QUERY, VALUE).numpy(), atol=0.15 if "bf" in policy else 0.02
    )


@both
def test_empty_batches_and_unknown_sizes(name):
    layer = make(name)
    assert layer(QUERY[:0], VALUE[:0]).shape == (0, 4, 5)
    out = layer(KerasTensor((None, None, 5)), KerasTensor((None, None, 5)))
    assert (out.shape, out.dtype) == ((None, None, 5), "float32")


@both
def test_on_a_device_that_refuses_what_cupy_refuses(name):
    layer = make(name, dropout=0.1, sliding_window=3)
    here = layer(QUERY, VALUE).numpy()
    with device(standin):
        there = make(name, dropout=0.1, sliding_window=3)
        mask = np.ones((3, 4, 6), "bool")
        with GradientTape() as tape:
            loss = ops.sum(
                ops.square(there(QUERY, VALUE, training=True, attention_mask=mask, use_causal_mask=True))
            )
        assert all(g is not None for g in tape.gradient(loss, there.trainable_variables))
        there.set_weights(layer.get_weights())
        np.testing.assert_allclose(there(QUERY, VALUE).numpy(), here, rtol=1e-5, atol=1e-6)
        assert there(QUERY, VALUE, return_attention_scores=True)[1].device is standin


def test_causal_attention_does_not_see_later_steps():
    layer = MultiHeadAttention(2, 3)
    changed = QUERY.copy()
    changed[:, 3] += 1
    before, after = (layer(x, x, use_causal_mask=True).numpy() for x in (QUERY, changed))
    np.testing.assert_allclose(after[:, :3], before[:, :3], atol=1e-6)
    assert np.abs(after[:, 3] - before[:, 3]).max() > 1e-3


def test_values_of_masked_steps_do_not_matter():
    mask = np.ones((3, 6), "bool")
    mask[:, 4:] = False
    changed = VALUE.copy()
    changed[:, 4:] = 99
    for layer in (MultiHeadAttention(2, 3), GroupQueryAttention(3, 4, 2)):
        a, b = (layer(QUERY, x, value_mask=mask).numpy() for x in (VALUE, changed))
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_grouped_heads_are_those_of_the_plain_layer_with_keys_repeated():
    grouped = GroupQueryAttention(3, 4, 2)
    out = grouped(QUERY, VALUE).numpy()
    plain = MultiHeadAttention(4, 3)
    plain(QUERY, VALUE)
    weights = [
        np.repeat(w, 2, axis=-2) if path.split("/")[1] in ("key", "value") else w
        for w, path in zip(grouped.get_weights(), [w.path for w in grouped.weights])
    ]
    plain.set_weights(weights)
    np.testing.assert_allclose(plain(QUERY, VALUE).numpy(), out, atol=1e-6)


def test_sublayers_are_reachable_by_keras_names():
    layer = MultiHeadAttention(2, 3)
    layer(QUERY, VALUE)
    assert layer.attention_axes == (1,) and layer.value_dim == 3
    assert layer.query_dense.kernel.shape == layer.key_dense.kernel.shape == layer.value_dense.kernel.shape
    assert layer.output_dense.kernel.shape == (2, 3, 5)
    assert GroupQueryAttention(3, 4, 2).num_repeats == 2


@both
def test_projections_are_single_products(name, monkeypatch):
    def refuse(*args):
        raise AssertionError("a projection ran as an einsum")

    monkeypatch.setattr(ops, "einsum", refuse)
    layer = make(name, use_gate=True)
    loss = ops.sum(layer(QUERY, VALUE))
    assert np.isfinite(float(loss))


def test_frozen_attention_takes_no_gradient():
    layer = MultiHeadAttention(2, 3)
    layer(QUERY, VALUE)
    layer.trainable = False
    assert layer.trainable_variables == [] and len(layer.non_trainable_weights) == 8


@pytest.mark.parametrize("layer", [Attention(dropout=0.5, seed=1), AdditiveAttention(dropout=0.5, seed=1)])
def test_dropout_of_the_plain_layers(layer):
    calm = layer([QUERY, VALUE]).numpy()
    noisy, scores = layer([QUERY, VALUE], training=True, return_attention_scores=True)
    assert np.abs(noisy.numpy() - calm).max() > 1e-3
    assert (scores.numpy() == 0).any()
    assert np.abs(layer([QUERY, VALUE], training=True).numpy() - calm).max() > 1e-3


def test_plain_layers_say_what_they_take():
    with pytest.raises(ValueError, match=r"takes a list of inputs, \[query, value\]"):
        Attention()([QUERY])
    with pytest.raises(ValueError, match=r"takes a list of masks, \[query_mask, value_mask\]"):
        Attention()([QUERY, VALUE], mask=[None])
    with pytest.raises(ValueError, match="same number of axes, at least 3"):
        MultiHeadAttention(2, 3)(QUERY[0], VALUE[0])
    with pytest.raises(ValueError, match="all sizes of `value` and `key`"):
        MultiHeadAttention(2, 3)(QUERY, VALUE, VALUE[:, :3])
