"""CTC against recorded calls of Keras (tools/record/ctc.py), and against the definition."""

import itertools
import json
import pathlib

import numpy as np
import pytest

from kx_tensor import GradientTape, KerasTensor, ops

with np.load(pathlib.Path(__file__).parent / "golden/ctc.npz") as file:
    GOLDEN = dict(file)
CASES = json.loads(str(GOLDEN["cases"]))


@pytest.mark.parametrize("number", range(len(CASES["losses"])))
def test_losses_and_gradients_agree_with_keras(number):
    case = CASES["losses"][number]
    scores = ops.convert_to_tensor(GOLDEN[f"scores.{number}"])
    weights = np.arange(1, len(case["labels"]) + 1, dtype="float32")
    with GradientTape() as tape:
        tape.watch(scores)
        loss = ops.ctc_loss(
            np.array(case["labels"]), scores, *map(np.array, case["lengths"]), mask_index=case["mask_index"]
        )
        total = ops.sum(loss * weights)
    np.testing.assert_allclose(loss.numpy(), GOLDEN[f"loss.{number}"], rtol=1e-5)
    expected = GOLDEN[f"gradient.{number}"]
    if number != 2:  # where labels do not fit, logarithms near 1e5 in float32 leave Keras two digits
        np.testing.assert_allclose(tape.gradient(total, scores).numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("number", range(len(CASES["decodes"])))
def test_decoding_agrees_with_keras(number):
    labels, scores = ops.ctc_decode(GOLDEN["scores"], GOLDEN["lengths"], **CASES["decodes"][number])
    np.testing.assert_array_equal(labels.numpy(), GOLDEN[f"labels.{number}"])
    np.testing.assert_allclose(scores.numpy(), GOLDEN[f"logs.{number}"], rtol=1e-4)
    assert labels.dtype == "int32" and scores.dtype == "float32"


def test_the_loss_is_that_of_all_ways_to_spell_the_labels():
    scores = np.random.default_rng(1).normal(size=(1, 4, 3))
    p = np.exp(scores[0]) / np.exp(scores[0]).sum(-1, keepdims=True)
    total = 0.0
    for way in itertools.product(range(3), repeat=4):
        if [c for c, _ in itertools.groupby(way) if c] == [1, 1]:
            total += np.prod([p[t, c] for t, c in enumerate(way)])
    loss = ops.ctc_loss([[1, 1]], scores, [2], [4])
    np.testing.assert_allclose(loss.numpy(), [-np.log(total)], rtol=1e-6)


@pytest.mark.parametrize("keywords", [{}, {"strategy": "beam_search", "top_paths": 2}])
@pytest.mark.parametrize("batch, steps", [(4, 6), (None, None)])
def test_symbolic_decoding(keywords, batch, steps):
    lengths = KerasTensor((batch,), "int32")
    labels, scores = ops.ctc_decode(KerasTensor((batch, steps, 5)), lengths, **keywords)
    paths = keywords.get("top_paths", 1)
    assert (labels.shape, labels.dtype) == ((paths, batch, steps), "int32")
    assert (scores.shape, scores.dtype) == ((batch, paths), "float32")


def test_decoding_refuses_what_it_can_not_do():
    with pytest.raises(ValueError, match="Invalid strategy best"):
        ops.ctc_decode(GOLDEN["scores"], GOLDEN["lengths"], strategy="best")
    with pytest.raises(ValueError, match="top_paths=3 can't be more than beam_width=2"):
        ops.ctc_decode(GOLDEN["scores"], GOLDEN["lengths"], "beam_search", beam_width=2, top_paths=3)
