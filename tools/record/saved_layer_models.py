"""Models of saved_models.py's kind for the layers without memory: convolutions, pooling, shapes, norms, attention."""

from saved_models import floats, rng


def _compiled(keras, model, x, y, loss="mse", optimizer=None):
    model.compile(optimizer or keras.optimizers.SGD(0.05, momentum=0.9), loss)
    return model, (x, y)


def _sequential(keras, name, shape, layers, units=2, **kwargs):
    model = keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(units, name="out")], name=name)
    return _compiled(keras, model, floats(12, *shape), floats(12, units, seed=1), **kwargs)


def conv1d(keras):
    layers = keras.layers
    stack = [
        layers.ZeroPadding1D((1, 2)),
        layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu"),
        layers.SeparableConv1D(4, 2, depth_multiplier=2, strides=2),
        layers.UpSampling1D(2),
        layers.DepthwiseConv1D(2, use_bias=False),
        layers.Cropping1D((1, 0)),
        layers.Conv1DTranspose(3, 3, strides=2, padding="same"),
        layers.MaxPooling1D(2),
        layers.AveragePooling1D(2, padding="same"),
        layers.GlobalAveragePooling1D(),
    ]
    return _sequential(keras, "conv1d", (9, 2), stack)


def conv2d(keras):
    layers = keras.layers
    stack = [
        layers.ZeroPadding2D(((1, 0), (0, 1))),
        layers.Conv2D(4, (2, 3), groups=2, strides=(1, 2), activation="elu"),
        layers.DepthwiseConv2D(2, depth_multiplier=2, padding="same"),
        layers.Conv2DTranspose(3, 3, strides=2, padding="same", use_bias=False),
        layers.UpSampling2D((1, 2), interpolation="bilinear"),
        layers.Cropping2D(1),
        layers.AveragePooling2D(2),
        layers.SpatialDropout2D(0.0),
        layers.GlobalMaxPooling2D(),
    ]
    return _sequential(keras, "conv2d", (5, 6, 2), stack)


def conv3d(keras):
    layers = keras.layers
    stack = [
        layers.ZeroPadding3D(1),
        layers.Conv3D(3, 2, activation="tanh"),
        layers.Conv3DTranspose(2, 2, strides=(1, 2, 1)),
        layers.UpSampling3D((1, 1, 2)),
        layers.Cropping3D(((0, 1), (1, 0), (1, 1))),
        layers.MaxPooling3D(2, padding="same"),
        layers.AveragePooling3D((2, 1, 1)),
        layers.GlobalAveragePooling3D(),
    ]
    return _sequential(keras, "conv3d", (2, 3, 2, 2), stack)


def pools(keras):
    layers = keras.layers
    x = keras.Input((4, 4, 4), name="x")
    cube = layers.Reshape((4, 4, 4, 1), name="cube")(x)
    cube = layers.Conv3D(2, 1, name="mix")(cube)
    parts = [
        layers.GlobalMaxPooling3D(name="most")(cube),
        layers.GlobalAveragePooling2D(name="mean")(x),
        layers.GlobalMaxPooling1D(name="line")(layers.Reshape((16, 4), name="flat")(x)),
    ]
    model = keras.Model(x, layers.Dense(2, name="out")(layers.Concatenate(name="all")(parts)), name="pools")
    return _compiled(keras, model, floats(12, 4, 4, 4), floats(12, 2, seed=1))


def adaptive(keras):
    layers = keras.layers
    x = keras.Input((4, 6, 3), name="x")
    h = layers.Dense(2, name="h")(x)
    line, cube = layers.Reshape((8, 6), name="to_line")(h), layers.Reshape((4, 3, 2, 2), name="to_cube")(h)
    parts = [
        layers.AdaptiveAveragePooling1D(2, name="average1")(line),
        layers.AdaptiveMaxPooling1D(3, name="max1")(line),
        layers.AdaptiveAveragePooling2D((2, 3), name="average2")(h),
        layers.AdaptiveMaxPooling2D(2, name="max2")(h),
        layers.AdaptiveAveragePooling3D((2, 1, 2), name="average3")(cube),
        layers.AdaptiveMaxPooling3D((2, 3, 1), name="max3")(cube),
    ]
    flat = [layers.Flatten(name=f"flat_{i}")(part) for i, part in enumerate(parts)]
    model = keras.Model(x, layers.Dense(1, name="out")(layers.Concatenate(name="all")(flat)), name="adaptive")
    return _compiled(keras, model, floats(12, 4, 6, 3), floats(12, 1, seed=1))


def merges(keras):
    layers = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    one, other = layers.Dense(3, name="one")(a), layers.Dense(3, name="other")(b)
    parts = [
        layers.Add(name="sum")([one, other, one]),
        layers.Average(name="average")([one, other]),
        layers.Maximum(name="maximum")([one, other]),
        layers.Minimum(name="minimum")([one, other]),
        layers.Multiply(name="product")([one, other]),
        layers.Subtract(name="difference")([one, other]),
        layers.Dot(axes=1, normalize=True, name="dot")([one, other]),
    ]
    joined = layers.Concatenate(axis=-1, name="joined")(parts)
    model = keras.Model([a, b], layers.Dense(2, name="out")(joined), name="merges")
    return _compiled(keras, model, [floats(12, 4), floats(12, 4, seed=2)], floats(12, 2, seed=1))


def shapes(keras):
    layers = keras.layers
    stack = [
        layers.Permute((2, 1)),
        layers.Reshape((3, -1)),
        layers.Dense(4),
        layers.Identity(),
        layers.Flatten(),
        layers.RepeatVector(2),
        layers.Flatten(),
    ]
    return _sequential(keras, "shapes", (4, 6), stack)


def activations(keras):
    layers = keras.layers
    stack = [
        layers.Dense(5, activation="selu"),
        layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.05),
        layers.Dense(5, activation=keras.activations.softplus),
        layers.LeakyReLU(),
        layers.ELU(0.7),
        layers.Dense(5),
        layers.PReLU(alpha_initializer=keras.initializers.Constant(0.3)),
        layers.ActivityRegularization(l1=0.01, l2=0.02),
        layers.Activation("mish"),
        layers.Softmax(axis=-1),
    ]
    return _sequential(keras, "activations", (6,), stack)


def norms(keras):
    layers = keras.layers
    stack = [
        layers.GroupNormalization(2),
        layers.Dense(4),
        layers.LayerNormalization(axis=[1, 2], epsilon=1e-4, center=False),
        layers.Dense(4, activation="tanh"),
        layers.RMSNormalization(),
        layers.BatchNormalization(axis=1, scale=False, momentum=0.8),
        layers.UnitNormalization(axis=-1),
        layers.Flatten(),
    ]
    return _sequential(keras, "norms", (3, 4), stack)


def spectral(keras):
    layers = keras.layers
    stack = [
        layers.SpectralNormalization(layers.Conv1D(3, 2), power_iterations=2),
        layers.Flatten(),
        layers.SpectralNormalization(layers.Dense(4, activation="relu")),
    ]
    return _sequential(keras, "spectral", (5, 2), stack)


def einsum(keras):
    layers = keras.layers
    stack = [
        layers.EinsumDense("abc,cde->abde", (3, 2, 3), bias_axes="de", activation="relu"),
        layers.EinsumDense("abde,def->abf", (3, 4)),
        layers.Dense(3),
        layers.Flatten(),
    ]
    return _sequential(keras, "einsum", (3, 4), stack)


def objects(keras):
    """Initializers, regularizers and constraints as objects with arguments of their own."""
    layers, init = keras.layers, keras.initializers
    reg, con = keras.regularizers, keras.constraints
    stack = [
        layers.Dense(
            4, kernel_initializer=init.HeNormal(seed=1), bias_initializer=init.Constant(0.1),
            kernel_regularizer=reg.L1L2(0.01, 0.02), kernel_constraint=con.MaxNorm(1.5, axis=0),
        ),
        layers.Dense(
            4, kernel_initializer=init.VarianceScaling(2.0, "fan_avg", "uniform", seed=2),
            kernel_regularizer=reg.OrthogonalRegularizer(0.01, mode="columns"), bias_constraint=con.NonNeg(),
        ),
        layers.Dense(
            4, kernel_initializer=init.Orthogonal(0.9, seed=3), bias_regularizer=reg.L1(0.01),
            activity_regularizer=reg.L2(0.01), kernel_constraint=con.MinMaxNorm(0.2, 1.2, rate=0.7),
        ),
        layers.Dense(
            4, kernel_initializer=init.TruncatedNormal(0.0, 0.5, seed=4), kernel_constraint=con.UnitNorm(),
            bias_initializer=init.RandomUniform(-0.1, 0.1, seed=5),
        ),
        layers.Dense(4, kernel_initializer=init.Identity(0.5), bias_initializer="ones", activation="tanh"),
    ]  # fmt: skip
    return _sequential(keras, "objects", (3,), stack)


def attentions(keras):
    layers = keras.layers
    query, value = keras.Input((3, 4), name="query"), keras.Input((5, 4), name="value")
    q, v = layers.Dense(4, name="q")(query), layers.Dense(4, name="v")(value)
    parts = [
        layers.Attention(use_scale=True, name="dot")([q, v]),
        layers.Attention(score_mode="concat", name="concat")([q, v, v]),
        layers.AdditiveAttention(name="add")([q, v]),
    ]
    flat = layers.Flatten(name="flat")(layers.Concatenate(name="all")(parts))
    model = keras.Model([query, value], layers.Dense(1, name="out")(flat), name="attentions")
    return _compiled(keras, model, [floats(12, 3, 4), floats(12, 5, 4, seed=2)], floats(12, 1, seed=1))


def heads(keras):
    layers = keras.layers
    x, y = keras.Input((4, 6), name="x"), keras.Input((3, 6), name="y")
    h = layers.MultiHeadAttention(2, 3, value_dim=2, use_bias=False, name="cross")(
        x, y, key=y, use_causal_mask=False
    )
    h = layers.MultiHeadAttention(1, 2, name="again")(h, y)
    out = layers.Dense(1, name="out")(layers.Flatten(name="flat")(h))
    model = keras.Model([x, y], out, name="heads")
    return _compiled(keras, model, [floats(12, 4, 6), floats(12, 3, 6, seed=2)], floats(12, 1, seed=1))


def grouped(keras):
    layers = keras.layers
    x = keras.Input((4, 6), name="x")
    h = layers.GroupQueryAttention(3, 4, 2, name="grouped")(x, x, use_causal_mask=True)
    h = layers.Flatten(name="flat")(layers.Add(name="add")([h, x]))
    model = keras.Model(x, layers.Dense(2, name="out")(h), name="grouped")
    return _compiled(
        keras, model, floats(12, 4, 6), floats(12, 2, seed=1), optimizer=keras.optimizers.Adam(0.01)
    )


def noise(keras):
    layers = keras.layers
    stack = [
        layers.Dense(6),
        layers.Dropout(0.3, noise_shape=(None, 6), seed=1),
        layers.AlphaDropout(0.2, seed=2),
        layers.GaussianDropout(0.2, seed=3),
        layers.GaussianNoise(0.1),
    ]
    return _sequential(keras, "noise", (5,), stack)


def spatial(keras):
    layers = keras.layers
    stack = [
        layers.SpatialDropout3D(0.3, seed=1),
        layers.Reshape((4, 3, 2)),
        layers.SpatialDropout2D(0.3, seed=2),
        layers.Reshape((4, 6)),
        layers.Dense(3),
        layers.SpatialDropout1D(0.3),
        layers.Flatten(),
    ]
    return _sequential(keras, "spatial", (2, 2, 3, 2), stack)


def embeddings(keras):
    layers = keras.layers
    ids, more = keras.Input((4,), dtype="int32", name="ids"), keras.Input((), dtype="int64", name="more")
    table = layers.Embedding(6, 3, embeddings_regularizer="l2", name="table")
    h = layers.Concatenate(name="all")([layers.Flatten(name="flat")(table(ids)), table(more)])
    model = keras.Model([ids, more], layers.Dense(1, name="out")(h), name="embeddings")
    x = [rng().integers(0, 6, (12, 4)).astype("int32"), rng(1).integers(0, 6, 12)]
    return _compiled(keras, model, x, floats(12, 1))


MODELS = {
    f.__name__: f
    for f in (
        conv1d, conv2d, conv3d, pools, adaptive, merges, shapes, activations, norms, spectral, einsum, objects,
        attentions, heads, grouped, noise, spatial, embeddings,
    )
}  # fmt: skip
