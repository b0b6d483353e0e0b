"""Summaries and diagrams of models, against those of Keras 3.15."""

import importlib.util
import json
import pathlib
import re
import shutil
import sys
import types

import pytest

import kx_layers as layers
from kx_layers.dense import Dense
from kx_layers.input_layer import Input
from kx_models.functional import Functional
from kx_models.model import Model
from kx_models.plots import model_to_dot, plot_model
from kx_models.sequential import Sequential
from kx_tensor import ops

pytest.importorskip("pydot")

HERE = pathlib.Path(__file__).parent
RECORD = json.loads((HERE / "golden/pictures.json").read_text())
KERAS = types.SimpleNamespace(Input=Input, Model=Model, Sequential=Sequential, layers=layers, ops=ops)

_spec = importlib.util.spec_from_file_location("pictured_models", HERE / "pictured_models.py")
pictured = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pictured)


def case_name(case):
    return f"{case[0]}-{'-'.join(case[1])}"


@pytest.mark.parametrize("case", RECORD["summaries"], ids=case_name)
def test_summaries_are_those_of_keras(case, monkeypatch):
    name, kwargs, expected = case
    monkeypatch.setenv("COLUMNS", "200")
    text = []
    pictured.MODELS[name](KERAS).summary(print_fn=text.append, **kwargs)
    assert pictured.rows(text[0]) == expected


@pytest.mark.parametrize("case", RECORD["diagrams"], ids=case_name)
def test_diagrams_are_those_of_keras(case):
    name, kwargs, boxes, arrows = case
    if arrows is None:
        with pytest.raises(ValueError, match=re.escape(boxes)):
            model_to_dot(pictured.MODELS[name](KERAS), **kwargs)
        return
    drawn = json.dumps(pictured.boxes_and_arrows(model_to_dot(pictured.MODELS[name](KERAS), **kwargs)))
    # kx says what a wrapper wraps, and Keras the dtype of each of several outputs
    drawn = re.sub(r"(Bidirectional|TimeDistributed)\(\w+\)", r"\1", drawn)
    boxes = json.dumps(boxes).replace("['float32', 'float32', 'float32']", "float32")
    assert json.loads(drawn) == [json.loads(boxes), arrows]


def small():
    return Sequential([Input((3,), name="x"), Dense(2, name="a"), Dense(1, name="b")], name="small")


def test_a_subclassed_model_is_one_box():
    class Two(Model):
        def __init__(self):
            super().__init__(name="two")
            self.first = Dense(3)

        def call(self, x):
            return self.first(x)

    model = Two()
    with pytest.raises(ValueError, match="This model has not yet been built. Build the model first"):
        model_to_dot(model)
    model.build((None, 4))
    dot = model_to_dot(model, show_shapes=True, expand_nested=True)
    expected = [["two (Two)", "Input shape: ?", "Output shape: (None, 3)"]]
    assert pictured.boxes_and_arrows(dot) == (expected, [])


def test_any_name_can_be_drawn(tmp_path):
    inner = Sequential([Input((3,)), Dense(2, name='<b>"deep" & dark<b>')], name="a:b|{c}")
    x = Input((3,), name="ü x")
    model = Functional(x, Dense(1, name="0")(inner(x)), name='say "hi"')
    boxes, arrows = pictured.boxes_and_arrows(model_to_dot(model, expand_nested=True))
    assert ['<b>"deep" & dark<b> (Dense)'] in boxes
    assert len(arrows) == 2
    if shutil.which("dot"):
        plot_model(model, tmp_path / "odd.svg", expand_nested=True, show_layer_names=True)
        assert "&lt;b&gt;&quot;deep&quot; &amp; dark" in (tmp_path / "odd.svg").read_text()


def test_a_cluster_goes_into_a_graph_of_ones_own():
    cluster = model_to_dot(small(), subgraph=True)
    assert type(cluster).__name__ == "Cluster"
    assert len(cluster.get_edges()) == 1


def test_options_of_the_graph():
    dot = model_to_dot(small(), rankdir="LR", dpi=72, splines="curved")
    assert (dot.get_rankdir(), dot.get_dpi(), dot.get_splines()) == ("LR", 72, "curved")
    with pytest.raises(ValueError, match=r"Unrecognized keyword arguments: \{'colour': 1\}"):
        model_to_dot(small(), colour=1)


@pytest.mark.skipif(not shutil.which("dot"), reason="needs Graphviz")
@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("m.png", b"\x89PNG"),
        ("m", b"\x89PNG"),
        ("m.svg", b"<?xml"),
        ("m.pdf", b"%PDF"),
        ("m.dot", b"digraph"),
    ],
)
def test_the_ending_chooses_the_format(tmp_path, name, start):
    plot_model(small(), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.skipif(not shutil.which("dot"), reason="needs Graphviz")
def test_a_notebook_gets_the_picture(tmp_path, monkeypatch):
    shown = types.SimpleNamespace(Image=lambda filename: ("image", filename), SVG=lambda filename: "svg")
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=shown))
    path = str(tmp_path / "m.png")
    assert plot_model(small(), path) == ("image", path)
    assert plot_model(small(), tmp_path / "m.svg") == "svg"
    assert plot_model(small(), tmp_path / "m.pdf") is None
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert plot_model(small(), path) is None


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(ImportError, match="install Graphviz for `plot_model` .* `apt install graphviz`"):
            plot_model(small(), tmp_path / "m.png")
    if shutil.which("dot"):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            plot_model(small(), tmp_path / "nowhere/m.png")
        with pytest.raises(ValueError, match="could not write .*m.xyz' as 'xyz'"):
            plot_model(small(), tmp_path / "m.xyz")
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(ImportError, match=r"install pydot \(`pip install pydot`\) for `plot_model` to work"):
        plot_model(small())
