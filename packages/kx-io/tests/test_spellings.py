"""The tables of old spellings: every row leads somewhere, one note for a call, clear errors."""

import warnings

import pytest

from kx_io import Fields, field
from kx_io.spellings import modern_arguments, modern_class, note


class Dense(Fields):
    units = field()
    activation = field(None)
    kernel_initializer = field("glorot_uniform")
    use_bias = field(True)


class Mine(Dense):
    own = field(1, kw_only=True)


def test_a_constructor_takes_old_arguments_and_says_so_once():
    with pytest.warns(FutureWarning) as seen:
        layer = Dense(output_dim=3, init="zero", bias=False)
    assert (layer.units, layer.kernel_initializer, layer.use_bias) == (3, "zeros", False)
    assert [str(w.message) for w in seen] == [
        "Dense(output_dim=..., init=..., bias=...) is the spelling of Keras 1 and 2; write "
        "Dense(units=..., kernel_initializer=..., use_bias=...)."
    ]
    assert seen[0].filename == __file__


def test_subclasses_take_the_spellings_of_their_parents():
    with pytest.warns(FutureWarning):
        assert Mine(2, own=5, init="uniform").kernel_initializer == "uniform"


def test_new_code_hears_nothing_and_does_not_load_the_tables():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Dense(3, activation="relu")


def test_both_spellings_at_once_are_an_error():
    with pytest.warns(FutureWarning), pytest.raises(TypeError, match="'units' twice"):
        Dense(3, output_dim=3)
    with pytest.raises(TypeError, match="'units' twice"):
        modern_arguments("Dense", {"units": 1, "output_dim": 2})


def test_unknown_arguments_stay_errors():
    with pytest.raises(TypeError, match="unexpected keyword argument 'untis'. Did you mean 'units'"):
        Dense(untis=3)
    assert modern_arguments("Dense", {"untis": 3}) == {"untis": 3}


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Convolution2D", {"nb_filter": 8, "nb_row": 3, "nb_col": 5, "border_mode": "same", "dim_ordering": "th"},
         {"filters": 8, "kernel_size": (3, 5), "padding": "same", "data_format": "channels_first"}),
        ("Convolution1D", {"nb_filter": 8, "filter_length": 3, "subsample_length": 2},
         {"filters": 8, "kernel_size": 3, "strides": 2}),
        ("AtrousConvolution2D", {"atrous_rate": (2, 2), "subsample": (1, 1)}, {"dilation_rate": (2, 2), "strides": (1, 1)}),
        ("LSTM", {"output_dim": 4, "inner_init": "orthogonal", "forget_bias_init": "one", "dropout_W": 0.1, "dropout_U": 0.2},
         {"units": 4, "recurrent_initializer": "orthogonal", "unit_forget_bias": True, "dropout": 0.1, "recurrent_dropout": 0.2}),
        ("Dropout", {"p": 0.5}, {"rate": 0.5}),
        ("GaussianNoise", {"sigma": 0.5}, {"stddev": 0.5}),
        ("MaxPooling1D", {"pool_length": 2, "stride": 1}, {"pool_size": 2, "strides": 1}),
        ("BatchNormalization", {"mode": 0, "gamma_init": "one"}, {"gamma_initializer": "ones"}),
        ("Embedding", {"init": "uniform", "dropout": 0.2}, {"embeddings_initializer": "uniform"}),
        ("Model.fit", {"nb_epoch": 3}, {"epochs": 3}),
    ],
)  # fmt: skip
def test_tables(name, old, new):
    assert modern_arguments(name, old) == new


def test_a_value_without_equivalent_is_refused():
    with pytest.raises(ValueError, match="mode=1"):
        modern_arguments("BatchNormalization", {"mode": 1})
    with pytest.raises(ValueError, match="dim_ordering must be"):
        modern_arguments("Conv2D", {"dim_ordering": "tf2"})
    with pytest.raises(TypeError, match="nb_row and nb_col go together"):
        modern_arguments("Conv2D", {"nb_row": 3})


def test_class_names():
    assert modern_class("Deconvolution2D") == "Conv2DTranspose"
    assert modern_class("Whatever") == "Whatever"


def test_a_note_points_at_the_users_line():
    with pytest.warns(FutureWarning, match="hello") as seen:
        note("hello")
    assert seen[0].filename == __file__
