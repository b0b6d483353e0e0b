"""Record `ctc_loss` with its gradient, `losses.ctc`, and `ctc_decode` of Keras.

KERAS_BACKEND=jax python tools/record/ctc.py
Writes packages/kx-tensor/tests/golden/ctc.npz and packages/kx-losses/tests/golden/ctc.npz.
"""

import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np

PACKAGES = pathlib.Path(__file__).resolve().parents[2] / "packages"
LABELS = [[1, 2, 3], [1, 1, 2], [4, 4, 4], [2, 0, 0], [1, 2, 3], [2, -1, -1]]
LENGTHS = [[3, 3, 3, 1, 0, 1], [6, 5, 7, 3, 4, 7]]  # of labels, of steps
LOSSES = [
    {"labels": LABELS, "lengths": LENGTHS, "mask_index": 0},
    {"labels": [[2, 0], [3, 3]], "lengths": [[2, 2], [7, 6]], "mask_index": 4},
    {"labels": [[1, 1, 1], [1, 2, 3]], "lengths": [[3, 3], [4, 2]], "mask_index": 0},  # too few steps
]
DECODES = [
    {}, {"merge_repeated": False}, {"mask_index": 4}, {"strategy": "beam_search", "beam_width": 60, "top_paths": 3},
    {"strategy": "beam_search", "beam_width": 8, "top_paths": 2, "mask_index": 4},
    {"strategy": "beam_search", "beam_width": 4, "top_paths": 1},
]  # fmt: skip


def main():
    rng = np.random.default_rng(0)
    arrays, ops = {}, keras.ops
    for number, case in enumerate(LOSSES):
        labels = np.array(case["labels"], "int32")
        scores = rng.normal(size=(len(labels), 7, 5)).astype("float32") * 2
        weights = np.arange(1, len(labels) + 1, dtype="float32")

        def loss(scores):
            return ops.ctc_loss(
                labels, scores, *map(np.array, case["lengths"]), mask_index=case["mask_index"]
            )

        arrays[f"scores.{number}"], arrays[f"loss.{number}"] = scores, np.asarray(loss(scores))
        arrays[f"gradient.{number}"] = np.asarray(jax.grad(lambda s: ops.sum(loss(s) * weights))(scores))
    scores = rng.normal(size=(4, 7, 5)).astype("float32") * 2
    arrays["scores"], lengths = scores, np.array([7, 5, 6, 1])
    arrays["lengths"] = lengths
    for number, keywords in enumerate(DECODES):
        found = ops.ctc_decode(scores, lengths, **keywords)
        arrays[f"labels.{number}"], arrays[f"logs.{number}"] = map(np.asarray, found)
    arrays["cases"] = np.array(json.dumps({"losses": LOSSES, "decodes": DECODES}))
    np.savez_compressed(PACKAGES / "kx-tensor/tests/golden/ctc.npz", **arrays)

    labels = np.array([[1, 2, 3], [1, 1, 2], [4, 4, 0], [2, 0, 0]], "int32")
    scores = rng.normal(size=(4, 6, 5)).astype("float32")
    values = {"labels": labels, "scores": scores, "loss": keras.losses.ctc(labels, scores)}
    values["weighted"] = keras.losses.CTC()(labels, scores, sample_weight=np.array([1.0, 2.0, 0.0, 1.0]))
    values["gradient"] = jax.grad(lambda s: keras.losses.CTC()(labels, s))(scores)
    np.savez_compressed(PACKAGES / "kx-losses/tests/golden/ctc.npz", **values)


if __name__ == "__main__":
    main()
