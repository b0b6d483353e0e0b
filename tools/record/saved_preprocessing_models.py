"""Models of saved_models.py's kind that begin with preprocessing: adapted statistics, vocabularies, strings, images."""

import numpy as np
from saved_models import floats, rng


def features(keras):
    layers = keras.layers
    numbers = floats(20, 3) * [1.0, 5.0, 0.2]
    norm, bins = layers.Normalization(name="norm"), layers.Discretization(num_bins=4, name="bins")
    norm.adapt(numbers)
    bins.adapt(numbers[:, :1])
    x, age = keras.Input((3,), name="x"), keras.Input((1,), name="age")
    coded = layers.CategoryEncoding(4, output_mode="one_hot", name="coded")(bins(age))
    fixed = layers.Normalization(mean=[0.5, 0.0, 1.0], variance=[1.0, 4.0, 9.0], invert=True, name="fixed")(x)
    edges = layers.Discretization([-1.0, 0.0, 1.0], output_mode="multi_hot", name="edges")(x)
    h = layers.Concatenate(name="all")([norm(x), fixed, coded, edges])
    model = keras.Model([x, age], layers.Dense(1, name="out")(h), name="features")
    model.compile("adam", "mse")
    return model, ([floats(12, 3), floats(12, 1, seed=2)], floats(12, 1, seed=1))


def lookups(keras):
    """Whole numbers by a vocabulary, by hash, and crossed."""
    layers = keras.layers
    a, b = keras.Input((1,), dtype="int64", name="a"), keras.Input((1,), dtype="int64", name="b")
    seen = layers.IntegerLookup(num_oov_indices=2, name="seen")
    seen.adapt(np.array([[3], [5], [3], [9]]))
    given = layers.IntegerLookup(vocabulary=[4, 6, 8], output_mode="one_hot", name="given")(b)
    crossed = layers.HashedCrossing(6, output_mode="one_hot", name="crossed")((a, b))
    hashed = layers.Hashing(5, salt=7, name="hashed")(a)
    h = [
        layers.Flatten(name="flat")(layers.Embedding(8, 2, name="table")(seen(a))),
        layers.Flatten(name="flat_hashed")(layers.Embedding(5, 2, name="hashed_table")(hashed)),
        given,
        crossed,
    ]
    model = keras.Model(
        [a, b], layers.Dense(1, name="out")(layers.Concatenate(name="all")(h)), name="lookups"
    )
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9), "mse"
    )  # TensorFlow has another Adam for sparse gradients
    return model, ([rng().integers(0, 10, (12, 1)), rng(1).integers(0, 10, (12, 1))], floats(12, 1))


WORDS = np.array([["the cat sat"], ["a dog, a cat!"], ["The dog ran"], ["no words of these"]], dtype=object)


def text(keras):
    layers = keras.layers
    vectorize = layers.TextVectorization(max_tokens=9, output_sequence_length=4, name="vectorize")
    vectorize.adapt(WORDS[:, 0])
    x = keras.Input((1,), dtype="string", name="x")
    h = layers.Embedding(9, 3, mask_zero=True, name="table")(vectorize(x))
    h = layers.GlobalAveragePooling1D(name="mean")(h)
    model = keras.Model(x, layers.Dense(1, name="out")(h), name="text")
    model.compile(keras.optimizers.SGD(0.05), "mse")
    return model, (np.tile(WORDS, (3, 1)), floats(12, 1))


def words(keras):
    layers = keras.layers
    counted = layers.TextVectorization(
        output_mode="tf_idf", standardize="lower", split="character", ngrams=2, max_tokens=12, name="counted"
    )
    counted.adapt(WORDS[:, 0])
    known = layers.StringLookup(vocabulary=["the cat sat", "é"], output_mode="one_hot", name="known")
    learned = layers.StringLookup(num_oov_indices=2, mask_token="", name="learned")
    learned.adapt(WORDS)
    hashed = layers.Hashing(4, mask_value="", output_mode="one_hot", name="hashed")
    x = keras.Input((1,), dtype="string", name="x")
    table = layers.Embedding(8, 2, name="table")(learned(x))
    counts = layers.Reshape((12,), name="counts")(counted(x))  # Keras says (1, 12) of a symbolic tensor
    h = layers.Concatenate(name="all")([counts, known(x), hashed(x), layers.Flatten(name="flat")(table)])
    model = keras.Model(x, layers.Dense(1, name="out")(h), name="words")
    model.compile(keras.optimizers.Adagrad(0.05, weight_decay=0.01), "mse")
    return model, (np.tile(WORDS, (3, 1)), floats(12, 1))


def images(keras):
    layers = keras.layers
    stack = [
        layers.Resizing(6, 5, interpolation="bilinear"),
        layers.CenterCrop(4, 4),
        layers.Rescaling(1 / 127.5, offset=-1.0),
        layers.Conv2D(2, 3),
        layers.Flatten(),
        layers.Dense(1),
    ]
    model = keras.Sequential([keras.Input((4, 7, 3)), *stack], name="images")
    model.compile("adam", "mse")
    return model, (rng().integers(0, 256, (12, 4, 7, 3)).astype("float32"), floats(12, 1))


def augmented(keras):
    layers = keras.layers
    stack = [
        layers.RandomFlip("horizontal", seed=1),
        layers.RandomRotation(0.1, seed=2),
        layers.RandomTranslation(0.2, 0.1, fill_mode="nearest", seed=3),
        layers.RandomZoom((-0.2, 0.1), seed=4),
        layers.RandomContrast(0.3, seed=5),
        layers.RandomBrightness(0.2, value_range=(0.0, 1.0), seed=6),
        layers.Conv2D(2, 3),
        layers.Flatten(),
        layers.Dense(1),
    ]
    model = keras.Sequential([keras.Input((5, 6, 3)), *stack], name="augmented")
    model.compile("adam", "mse")
    return model, (abs(floats(12, 5, 6, 3)), floats(12, 1))


MODELS = {f.__name__: f for f in (features, lookups, text, words, images, augmented)}
STRINGS = ("text", "words")
