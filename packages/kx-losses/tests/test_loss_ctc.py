"""`losses.CTC` against recorded calls of Keras (tools/record/ctc.py)."""

import pathlib

import numpy as np
import pytest

from kx_losses import losses
from kx_tensor import GradientTape, ops
from kx_tensor.device import device
from kx_tensor.standin import standin

with np.load(pathlib.Path(__file__).parent / "golden/ctc.npz") as file:
    GOLDEN = dict(file)


@pytest.mark.parametrize("place", ["cpu", standin.name])
def test_values_weights_and_gradients_agree_with_keras(place):
    with device(place):
        _check_values()


def _check_values():
    labels, scores = GOLDEN["labels"], ops.convert_to_tensor(GOLDEN["scores"])
    np.testing.assert_allclose(losses.ctc(labels, scores).numpy(), GOLDEN["loss"], rtol=1e-5)
    weighted = losses.CTC()(labels, scores, sample_weight=np.array([1.0, 2.0, 0.0, 1.0]))
    np.testing.assert_allclose(weighted.numpy(), GOLDEN["weighted"], rtol=1e-5)
    with GradientTape() as tape:
        tape.watch(scores)
        loss = losses.CTC()(labels, scores)
    np.testing.assert_allclose(tape.gradient(loss, scores).numpy(), GOLDEN["gradient"], rtol=1e-4, atol=1e-6)


def test_config_and_names():
    assert losses.CTC().get_config() == {"name": "ctc", "reduction": "sum_over_batch_size"}
    assert losses.get("ctc") is losses.ctc and isinstance(losses.get("CTC"), losses.CTC)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"labels y_true of shape \(batch, labels\)"):
        losses.ctc(GOLDEN["labels"][0], GOLDEN["scores"])
    with pytest.raises(ValueError, match=r"logits y_pred of shape \(batch, steps, classes\)"):
        losses.ctc(GOLDEN["labels"], GOLDEN["scores"][0])
