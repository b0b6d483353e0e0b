"""Record what the layers of real Keras do with masks, for tests/test_masks_golden.py.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/masks.py tests/golden/masks.npz

A case is an expression that makes a layer (evaluated with the names of `keras.layers` and `ops`), the shapes of its inputs
without the batch, and which of them have a mask. Samples are masked, in this order: not at all, on the right, on the left,
here and there, throughout. The file keeps outputs, their masks and the warnings.
"""

import json
import sys
import warnings

import keras
import numpy as np

MASK = np.array(
    [[1, 1, 1, 1], [1, 1, 1, 0], [0, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]], dtype=bool
)  # (batch, steps)


def row(make, *shapes, masked=None, training=False, spread=False, apart=False):
    """One case; `masked` says of each input whether it has a mask, `spread` gives masks the shape of the inputs.

    Several inputs are given as a list, or with `apart` as arguments.
    """
    return {
        "make": make,
        "shapes": [list(s) for s in shapes or ((4, 3),)],
        "masked": [True] * max(1, len(shapes)) if masked is None else masked,
        "training": training,
        "spread": spread,
        "apart": apart,
    }


PLAIN = [
    *(
        row(make)
        for make in (
            "Dense(2)", "EinsumDense('abc,cd->abd', (None, 2))", "Activation('relu')", "ReLU()",
            "LeakyReLU()", "ELU()", "PReLU()", "Identity()", "Dropout(0.5)", "SpatialDropout1D(0.5)", "GaussianNoise(0.1)",
            "GaussianDropout(0.5)", "AlphaDropout(0.5)", "ActivityRegularization(0.1)", "Masking(0.5)", "Rescaling(2.0)",
            "BatchNormalization()", "LayerNormalization()", "RMSNormalization()", "GroupNormalization(3)", "UnitNormalization()",
            "SpectralNormalization(Dense(2))", "Flatten()", "Reshape((2, 6))", "Permute((2, 1))",
            "Conv1D(2, 2)", "Conv1D(2, 2, padding='causal')", "Conv1DTranspose(2, 2)", "SeparableConv1D(2, 2)", "DepthwiseConv1D(2)",
            "MaxPooling1D()", "AveragePooling1D(2)", "AdaptiveAveragePooling1D(2)", "AdaptiveMaxPooling1D(2)",
            "GlobalMaxPooling1D()", "GlobalAveragePooling1D()", "GlobalAveragePooling1D(keepdims=True)",
            "ZeroPadding1D()", "Cropping1D()", "UpSampling1D()",
            "Lambda(lambda x: x + 1)", "Lambda(lambda x: x + 1, mask=lambda inputs, mask: ops.logical_not(mask))",
            "Lambda(lambda x, mask: x * ops.cast(mask, x.dtype)[:, :, None])",
            "TimeDistributed(Dense(2))", "TimeDistributed(BatchNormalization())", "TimeDistributed(Dropout(0.5))",
            "Sequential([Dense(2), Activation('relu')])", "Sequential([Conv1D(2, 2), Dense(2)])", "Sequential([GRU(2, return_sequences=True), GRU(2)])",
            "Sequential([TimeDistributed(Dense(2)), GlobalAveragePooling1D()])", "Sequential([Masking(), LSTM(2)])",
        )
    ),
    row("BatchNormalization()", training=True), row("BatchNormalization(axis=1)", training=True), row("Dropout(0.0)", training=True),
    row("Sequential([BatchNormalization(), SimpleRNN(2)])", training=True),
    row("RepeatVector(2)", (3,), masked=[False]), row("Embedding(5, 2, mask_zero=True)", (4,), masked=[False]),
    row("Embedding(5, 2)", (4,), masked=[False]), row("Sequential([Embedding(5, 2, mask_zero=True), LSTM(2)])", (4,), masked=[False]),
    row("Sequential([Embedding(5, 2, mask_zero=True), GlobalAveragePooling1D()])", (4,), masked=[False]),
    row("TimeDistributed(Masking())", (4, 2, 3)), row("TimeDistributed(Sequential([Masking(), GRU(2)]))", (4, 2, 3)),
    row("Masking()", (4, 2, 2)),
    row("Softmax()", spread=True), row("Softmax(axis=-1)", (4,), spread=True),
]  # fmt: skip
RECURRENT = [
    row(make.format(layer=layer))
    for layer in ("LSTM", "GRU", "SimpleRNN")
    for make in (
        "{layer}(2)", "{layer}(2, return_sequences=True)", "{layer}(2, return_sequences=True, return_state=True)",
        "{layer}(2, return_state=True)", "{layer}(2, go_backwards=True, return_sequences=True)",
        "{layer}(2, return_sequences=True, zero_output_for_mask=True)", "RNN({layer}Cell(2), return_sequences=True)",
        "RNN([{layer}Cell(2), {layer}Cell(3)], return_sequences=True, return_state=True)",
        *(f"Bidirectional({{layer}}(2, return_sequences=True), merge_mode={m!r})" for m in ("concat", "sum", "mul", "ave", None)),
        "Bidirectional({layer}(2))", "Bidirectional({layer}(2), merge_mode=None)", "Bidirectional({layer}(2, return_state=True))",
        "Bidirectional({layer}(2, return_sequences=True, return_state=True))",
        "Bidirectional({layer}(2, return_sequences=True), backward_layer={layer}(3, go_backwards=True, return_sequences=True))",
    )
]  # fmt: skip
MERGES = [
    *(
        row(f"{name}()", (4, 3), (4, 3), masked=masked)
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
        for masked in ([True, True], [True, False], [False, True])
    ),
    row("Concatenate(axis=1)", (4, 3), (4, 3)), row("Concatenate(axis=1)", (4, 3), (4, 3), masked=[True, False]),
    row("Concatenate(axis=1)", (4, 3), (2, 3), masked=[True, False]),
    row("Add()", (4, 3), (4, 3), (4, 3), masked=[True, False, True]), row("Add()", (4, 3), (4, 1)), row("Dot(axes=2)", (4, 3), (4, 3)),
    row("Dot(axes=1)", (4, 3), (4, 3), masked=[True, False]),
]  # fmt: skip
ATTENTION = [
    *(
        row(make, (4, 3), (4, 3), masked=masked)
        for make in ("Attention()", "Attention(score_mode='concat')", "AdditiveAttention()")
        for masked in ([True, True], [True, False], [False, True], [False, False])
    ),
    row("Attention()", (4, 3), (4, 3), (4, 3)), row("Attention()", (4, 3), (4, 3), (4, 3), masked=[False, True, False]),
    *(
        row(make, (4, 3), (4, 3), masked=masked, apart=True)
        for make in ("MultiHeadAttention(2, 2)", "GroupQueryAttention(2, 4, 2)")
        for masked in ([True, True], [True, False], [False, True], [False, False])
    ),
    row("MultiHeadAttention(2, 2)", (4, 3), (4, 3), (4, 3), apart=True), row("MultiHeadAttention(1, 2)", (4, 3), (4, 3), (4, 3), masked=[False, False, True], apart=True),
]  # fmt: skip
CASES = PLAIN + RECURRENT + MERGES + ATTENTION


def make(expression):
    names = {**vars(keras.layers), "Sequential": keras.Sequential, "ops": keras.ops}
    return eval(expression, names)


def draw(case, number):
    rng = np.random.default_rng(3000 + number)
    inputs = []
    for shape in case["shapes"]:
        if "Embedding" in case["make"]:
            inputs.append(rng.integers(0, 3, (5, *shape)).astype("int32"))
        else:
            inputs.append((rng.integers(-4, 5, (5, *shape)) / 4).astype("float32"))
            if "Masking" in case["make"]:
                inputs[-1][1, 2:] = 0
    return inputs


def masks_of(case):
    """The mask of each input, None where it has none."""
    found = []
    for shape, masked in zip(case["shapes"], case["masked"], strict=True):
        mask = MASK[:, : shape[0]]
        if case["spread"]:
            mask = np.broadcast_to(mask.reshape(mask.shape + (1,) * (len(shape) - 1)), (5, *shape)).copy()
        found.append(mask if masked else None)
    return found


def build_case(number, case, arrays):
    layer = make(case["make"])
    tensors = [keras.ops.convert_to_tensor(x) for x in draw(case, number)]

    def call():
        for x, mask in zip(tensors, masks_of(case), strict=True):
            if mask is not None:
                keras.src.backend.set_keras_mask(x, keras.ops.convert_to_tensor(mask))
        given = tensors if len(tensors) == 1 or case["apart"] else [tensors]
        return layer(*given, training=True) if case["training"] else layer(*given)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    case["warnings"] = [str(w.message) for w in caught if "mask" in str(w.message)]
    rng = np.random.default_rng(4000 + number)
    weights = [
        rng.uniform(0.5, 1, w.shape) if "variance" in w.name else rng.uniform(-1, 1, w.shape)
        for w in layer.weights
    ]
    layer.set_weights([w.astype("float32") for w in weights])
    outs = keras.tree.flatten(call())
    case["masks"] = []
    for i, out in enumerate(outs):
        arrays[f"{number}/out{i}"] = np.asarray(out)
        mask = getattr(out, "_keras_mask", None)
        case["masks"].append(None if mask is None else np.asarray(mask).astype(int).tolist())
    case["after"] = (
        [float(np.asarray(w).sum()) for w in layer.non_trainable_weights] if case["training"] else []
    )


def main(path):
    arrays = {}
    for number, case in enumerate(CASES):
        keras.backend.clear_session()
        try:
            build_case(number, case, arrays)
        except Exception as error:
            raise RuntimeError(f"case {number}: {case['make']}") from error
    arrays["cases"] = np.array(json.dumps(CASES))
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
