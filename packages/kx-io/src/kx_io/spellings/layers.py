"""Old names of layers and of their arguments."""

import types

from kx_io.spellings.rows import Gone, Joined, Renamed


def initializer(value):
    """Return the name of an initializer today; what is no old name comes back as it is.

    >>> initializer("zero"), initializer("he_normal")
    ('zeros', 'he_normal')
    """
    if isinstance(value, types.FunctionType):
        names = value.__code__.co_varnames[: value.__code__.co_argcount + value.__code__.co_kwonlyargcount]
        return (
            value if "dtype" in names else lambda shape, dtype=None: value(shape)
        )  # of Keras 1: (shape, name=None)
    return {"zero": "zeros", "one": "ones"}.get(value, value) if isinstance(value, str) else value


def data_format(value):
    """Return the order of the axes that `dim_ordering` named.

    >>> data_format("th"), data_format("tf"), data_format("default")
    ('channels_first', 'channels_last', None)
    """
    known = {"th": "channels_first", "tf": "channels_last", "default": None, None: None}
    if value not in known:
        raise ValueError(f"dim_ordering must be 'tf', 'th' or 'default', got {value!r}.")
    return known[value]


def forget_bias(value):
    """Return whether `forget_bias_init` started the bias of the forget gate at one.

    >>> forget_bias("one"), forget_bias("zero")
    (True, False)
    """
    return initializer(getattr(value, "__name__", value)) == "ones"


CLASSES = {
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D",
    "Convolution1DTranspose": "Conv1DTranspose", "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose", "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose", "Deconv2D": "Conv2DTranspose", "Deconv3D": "Conv3DTranspose",
    "AtrousConvolution1D": "Conv1D", "AtrousConvolution2D": "Conv2D", "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D", "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D", "TimeDistributedDense": "Dense", "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU", "BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization", "LSTMV1": "LSTM", "LSTMV2": "LSTM", "GRUV1": "GRU", "GRUV2": "GRU",
    "DenseV2": "Dense", "MaxPool1D": "MaxPooling1D", "MaxPool2D": "MaxPooling2D", "MaxPool3D": "MaxPooling3D",
    "AvgPool1D": "AveragePooling1D", "AvgPool2D": "AveragePooling2D", "AvgPool3D": "AveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D", "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D", "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D", "GlobalAvgPool3D": "GlobalAveragePooling3D",
}  # fmt: skip

_SPEED = Gone("it chose between computations of the same numbers")
_LAYER = {
    "input_dtype": Gone("give Input(shape, dtype=...) for inputs of another dtype"),
    "create_input": Gone("start the model with an Input"),
}
_KERNEL = {
    "init": Renamed("kernel_initializer", initializer), "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer", "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint",
    "bias": "use_bias",
}  # fmt: skip
_AXES = {"dim_ordering": Renamed("data_format", data_format)}
_WINDOW = {"border_mode": "padding", "subsample": "strides", "atrous_rate": "dilation_rate", **_AXES}
_CONV = {"nb_filter": "filters", **_KERNEL, **_WINDOW}
_CONV_1D = {**_CONV, "filter_length": "kernel_size", "subsample_length": "strides"}
_ROWS = Joined("kernel_size", "nb_row", "nb_col")
_CONV_2D = {**_CONV, "nb_row": _ROWS, "nb_col": _ROWS}
_DIMS = Joined("kernel_size", "kernel_dim1", "kernel_dim2", "kernel_dim3")
_CONV_3D = {**_CONV, "kernel_dim1": _DIMS, "kernel_dim2": _DIMS, "kernel_dim3": _DIMS}
_OUTPUT_SHAPE = {"output_shape": Gone("it follows from the input; output_padding chooses where it is open")}
_DEPTHWISE = {
    "depthwise_init": Renamed("depthwise_initializer", initializer),
    "pointwise_init": Renamed("pointwise_initializer", initializer),
}
_POOL = {"border_mode": "padding", **_AXES}
_POOL_1D = {"pool_length": "pool_size", "stride": "strides", **_POOL}
_RECURRENT = {
    "output_dim": "units", **_KERNEL, "inner_init": Renamed("recurrent_initializer", initializer),
    "inner_activation": "recurrent_activation", "U_regularizer": "recurrent_regularizer",
    "U_constraint": "recurrent_constraint", "dropout_W": "dropout", "dropout_U": "recurrent_dropout",
    "forget_bias_init": Renamed("unit_forget_bias", forget_bias), "consume_less": _SPEED, "implementation": _SPEED,
    "time_major": Gone("inputs are (batch, steps, features)", (False, None)),
}  # fmt: skip
_RATE = {"p": "rate", **_AXES}
_NORMALIZATION = {
    "mode": Gone("1, by samples, is LayerNormalization; 2 is what 0 is", (0, 2)),
    "beta_init": Renamed("beta_initializer", initializer), "gamma_init": Renamed("gamma_initializer", initializer),
    "running_mean_init": Renamed("moving_mean_initializer", initializer),
    "running_std_init": Renamed("moving_variance_initializer", initializer),
    "fused": _SPEED, "virtual_batch_size": Gone("batches are normalized whole", (None,)),
    "adjustment": Gone("batches are normalized as they are", (None,)),
}  # fmt: skip

ARGUMENTS = {
    "Layer": _LAYER,
    "Dense": {"output_dim": "units", **_KERNEL},
    "MaxoutDense": {"output_dim": "units", **_KERNEL},
    "Highway": _KERNEL,
    "Dropout": _RATE, "SpatialDropout1D": _RATE, "SpatialDropout2D": _RATE, "SpatialDropout3D": _RATE,
    "GaussianDropout": _RATE, "AlphaDropout": _RATE, "GaussianNoise": {"sigma": "stddev"},
    "Reshape": {"dims": "target_shape"},
    "Embedding": {
        "init": Renamed("embeddings_initializer", initializer), "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
        "dropout": Gone("put a SpatialDropout1D(rate) after the Embedding"),
    },
    "Conv1D": _CONV_1D, "Conv2D": _CONV_2D, "Conv3D": _CONV_3D, "SeparableConv1D": {**_CONV_1D, **_DEPTHWISE},
    "SeparableConv2D": {**_CONV_2D, **_DEPTHWISE}, "DepthwiseConv2D": {**_CONV_2D, **_DEPTHWISE},
    "Conv2DTranspose": {**_CONV_2D, **_OUTPUT_SHAPE}, "Conv3DTranspose": {**_CONV_3D, **_OUTPUT_SHAPE},
    "LocallyConnected1D": _CONV_1D, "LocallyConnected2D": _CONV_2D, "ConvLSTM2D": {**_RECURRENT, **_CONV_2D},
    "MaxPooling1D": _POOL_1D, "AveragePooling1D": _POOL_1D, "MaxPooling2D": _POOL, "AveragePooling2D": _POOL,
    "MaxPooling3D": _POOL, "AveragePooling3D": _POOL, "GlobalMaxPooling2D": _AXES, "GlobalAveragePooling2D": _AXES,
    "GlobalMaxPooling3D": _AXES, "GlobalAveragePooling3D": _AXES, "UpSampling1D": {"length": "size"},
    "UpSampling2D": _AXES, "UpSampling3D": _AXES, "ZeroPadding2D": _AXES, "ZeroPadding3D": _AXES,
    "Cropping2D": _AXES, "Cropping3D": _AXES, "Flatten": _AXES,
    "SimpleRNN": _RECURRENT, "GRU": _RECURRENT, "LSTM": _RECURRENT,
    "SimpleRNNCell": _RECURRENT, "GRUCell": _RECURRENT, "LSTMCell": _RECURRENT,
    "BatchNormalization": _NORMALIZATION,
    "LeakyReLU": {"alpha": "negative_slope"},
    "PReLU": {"init": Renamed("alpha_initializer", initializer)},
    "ReLU": {"alpha": "negative_slope"},
    "CategoryEncoding": {"max_tokens": "num_tokens"}, "Discretization": {"bins": "bin_boundaries"},
}  # fmt: skip
