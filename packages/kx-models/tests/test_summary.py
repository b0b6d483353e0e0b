"""The table of layers, against the tables that Keras 3.15 prints."""

import json
import pathlib

import numpy as np
import pytest

from kx_layers.activation_layers import Activation
from kx_layers.dense import Dense
from kx_layers.dropout import Dropout
from kx_layers.embedding import Embedding
from kx_layers.input_layer import Input
from kx_layers.lstm import LSTM
from kx_layers.merge import Concatenate
from kx_models import summary as summaries
from kx_models.functional import Functional
from kx_models.model import Model
from kx_models.sequential import Sequential
from kx_tensor import ops

RECORD = json.loads((pathlib.Path(__file__).parent / "golden/callbacks.json").read_text())["summary"]


def chain():
    return Sequential([Input((4,)), Dense(3, name="d"), Dropout(0.2, name="o")], name="chain")


def graph():
    x = Input((4,), name="img")
    first = Dense(4, name="a_very_long_layer_name_for_wrapping")
    second = Dense(4, name="b", trainable=False)
    y = first(x)
    return Functional(x, Concatenate(name="c")([y, second(y), first(x), x]), name="graph")


MODELS = {"chain": chain, "graph": graph}


def text_of(model, **kwargs):
    text = []
    model.summary(print_fn=text.append, **kwargs)
    assert len(text) == 1
    return text[0]


def stripped(text):
    return [line.rstrip() for line in text.rstrip().split("\n")]


@pytest.mark.parametrize("case", RECORD["tables"], ids=lambda case: f"{case[0]}-{case[1]}")
def test_tables_are_those_of_keras(case):
    name, trainable, length, expected = case
    text = text_of(MODELS[name](), line_length=length, show_trainable=trainable)
    assert stripped(text) == stripped(expected)


@pytest.mark.parametrize("case", RECORD["widths"], ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}")
def test_columns_have_the_widths_of_keras(case):
    name, trainable, length, widths = case
    _, positions = summaries._layout(name == "chain", trainable)
    assert summaries._column_widths(length, positions) == widths


def test_prints_to_the_terminal_within_its_width(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    chain().summary()
    out = capsys.readouterr().out
    assert out.startswith('Model: "chain"\n┏')
    assert max(map(len, out.split("\n"))) == 66
    assert " Total params: 15 (60.00 B)" in out


def test_unbuilt_layers():
    text = text_of(Sequential([Dense(3), Dense(1)], name="later"), line_length=80)
    assert text.count("0 (unbuilt)") == 2
    assert text.count("│ ? ") == 2
    assert "Total params: 0 (0.00 B)" in text


def test_subclassed_model_shows_the_shapes_it_was_called_with():
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.first = Dense(3, name="first")
            self.second = Dense(2, name="second")
            self.unused = Dense(2, name="unused")

        def call(self, x):
            return self.second(self.first(x))

    model = Two()
    model(np.ones((2, 4), "float32"))
    text = text_of(model, line_length=80)
    lines = {line.split()[1]: line for line in text.split("\n") if line.startswith("│")}
    assert "(2, 3)" in lines["first"]
    assert "15 │" in lines["first"]
    assert "(2, 2)" in lines["second"]
    assert "0 (unbuilt)" in lines["unused"]


def test_functions_between_layers_have_rows():
    x = Input((4,), name="x")
    model = Functional(x, ops.exp(Dense(2, name="d")(x)), name="f")
    text = text_of(model, line_length=90)
    assert "exp (Exp)" in text
    assert "Connected to" not in text


def test_nested_models_expand():
    inner = Sequential([Input((4,)), Dense(3, name="deep"), Activation("relu", name="act")], name="inner")
    x = Input((4,), name="x")
    outer = Functional(x, Dense(1, name="top")(inner(x)), name="outer")
    plain, expanded = text_of(outer, line_length=90), text_of(outer, line_length=90, expand_nested=True)
    assert "deep" not in plain
    assert "│    └ deep (Dense)" in expanded
    assert plain.split("Total")[1] == expanded.split("Total")[1]


def test_optimizer_variables_are_counted_once_it_is_built():
    model = chain()
    model.compile("adam", "mse")
    assert "Optimizer" not in text_of(model, line_length=80)
    model.optimizer.build(model.trainable_variables)
    text = text_of(model, line_length=80)
    assert " Total params: 47 (" in text  # 15 weights, 2 * 15 moments, step and rate
    assert " Optimizer params: 32 (" in text


def test_layer_range():
    text = text_of(graph(), line_length=90, layer_range=["a_.*", "b"])
    assert "img (InputLayer)" not in text
    assert "c (Concatenate)" not in text
    assert "b (Dense)" in text
    with pytest.raises(
        ValueError, match=r"do not match the layer names in the model. Received: \['zz', 'b'\]"
    ):
        text_of(graph(), layer_range=["zz", "b"])
    with pytest.raises(ValueError, match="must be a list or tuple of length 2"):
        text_of(graph(), layer_range=["zz"])


def test_positions():
    last = text_of(chain(), line_length=60, positions=[20, 40, 60]).split("\n")
    line = next(line for line in last if line.startswith("└"))
    assert [len(part) for part in line.strip("└┘").split("┴")] == [19, 18, 19]
    with pytest.raises(ValueError, match="positions expects the ends of the 3 columns"):
        text_of(chain(), positions=[0.5, 1.0])
    with pytest.raises(ValueError, match="line_length=10 has no room for 3 columns"):
        text_of(chain(), line_length=10)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0.00 B"),
        (1023, "1023.00 B"),
        (1536, "1.50 KB"),
        (5 * 1024**3, "5.00 GB"),
        (1024**6, "1024.00 PB"),
    ],
)
def test_sizes(size, expected):
    assert summaries.format_bytes(size) == expected


def test_a_sequential_model_is_a_plain_list_of_its_layers_also_with_masks():
    model = Sequential(
        [Input((5,)), Embedding(9, 4, mask_zero=True, name="e"), LSTM(3, name="l"), Dense(1, name="d")]
    )
    text = text_of(model)
    assert "not_equal" not in text and "Connected to" not in text
    assert [line for line in text.split("\n") if "(LSTM)" in line]
