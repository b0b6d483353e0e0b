"""Record what models of sequences do in real Keras: tests/sequence_cases.py, for tests/test_sequences_golden.py.

Run it where Keras 3.15.1, PyTorch and TensorFlow are installed, with both in turn:

    KERAS_BACKEND=torch python tools/record/sequences.py
    KERAS_BACKEND=tensorflow python tools/record/sequences.py

PyTorch is quick; TensorFlow takes the cases in which Keras on PyTorch fails, or multiplies weights with masks in place, or
has other gradients of attention to masked steps. (On JAX the metrics in `fit` get no masks.) Names of cases
after the command record only these anew.
"""

import pathlib
import sys

import keras
import numpy as np

TESTS = pathlib.Path(__file__).resolve().parents[2] / "tests"
sys.path.insert(0, str(TESTS))
from sequence_cases import CASES  # noqa: E402

PATH = TESTS / "golden/sequences.npz"
WITH_TENSORFLOW = {
    "attention_to_the_steps_that_are_there",
    "batches_that_are_masked_throughout",
    "bits_of_steps_both_ways",
    "labels_of_steps_padded_left_with_sample_weights",
    "masks_and_reduction_mean",
    "masks_and_reduction_mean_with_sample_weight",
    "masks_and_reduction_sum",
    "numbers_of_steps_with_weights_of_steps",
    "stateful_both_ways_with_masks",
    "stateful_layers_through_fit",
}


def flat(value):
    """The numbers of a result, as one array."""
    parts = keras.tree.flatten(value)
    return np.concatenate([np.asarray(p, "float32").ravel() for p in parts])


if __name__ == "__main__":
    runs = {run.__name__: run for run in CASES}
    mine = WITH_TENSORFLOW if keras.backend.backend() == "tensorflow" else runs.keys() - WITH_TENSORFLOW
    anew = mine & set(sys.argv[1:] or runs)
    arrays = {}
    if PATH.exists():
        kept = runs.keys() - anew
        arrays = {key: v for key, v in np.load(PATH).items() if key.partition("/")[0] in kept}
    for name in sorted(anew):
        keras.backend.clear_session()
        for what, value in runs[name](keras).items():
            arrays[f"{name}/{what}"] = flat(value)
    np.savez_compressed(PATH, **arrays)
