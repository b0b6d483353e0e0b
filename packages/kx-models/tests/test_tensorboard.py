"""The TensorBoard callback: the same records as Keras writes, and TensorBoard's own reader reads them."""

import gzip
import io
import json
import pathlib

import numpy as np
import pytest

from kx_layers import BatchNormalization, Conv2D, Dense, Embedding, Flatten
from kx_layers.input_layer import Input
from kx_models.callbacks import TensorBoard
from kx_models.event_files import EventFile, graph_def, histogram_table, weight_images
from kx_models.functional import Functional
from kx_models.model import Model
from kx_models.sequential import Sequential
from kx_tensor import naming, ops

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.graph import keras_util

RECORD = json.loads((pathlib.Path(__file__).parent / "golden/tensorboard.json").read_text())
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.random((12, 8, 8, 3), "float32"), RANDOM.random((12, 1), "float32")


def model():
    naming.reset()
    parts = [
        Input((8, 8, 3)),
        Conv2D(4, 3, name="conv"),
        BatchNormalization(name="norm"),
        Flatten(name="flat"),
        Dense(1, name="out"),
    ]
    result = Sequential(parts, name="model")
    result.compile("sgd", "mse", metrics=["mae"])
    return result


def trained(folder, validated=False, epochs=2, **kwargs):
    trainee = model()
    more = {"validation_data": (X, Y)} if validated else {}
    callbacks = [TensorBoard(folder, **kwargs)]
    history = trainee.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, callbacks=callbacks, **more)
    return trainee, history.history


def records(folder):
    found = []
    for path in sorted(pathlib.Path(folder).rglob("*tfevents*")):
        for data in RawEventFileLoader(str(path)).Load():
            event = event_pb2.Event.FromString(data)
            for value in event.summary.value:
                found.append(
                    [path.parent.name, event.step, value.tag, value.metadata.plugin_data.plugin_name]
                )
    return found


def reader(folder):
    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    accumulator.Reload()
    return accumulator


@pytest.mark.parametrize("case", RECORD["cases"], ids=lambda case: "-".join(map(str, case[0])))
def test_writes_what_keras_writes(case, tmp_path):
    kwargs, validated, expected = case
    trained(tmp_path, validated, **kwargs)
    # with every third batch, Keras leaves out the epochs that end at another one
    found = [r for r in records(tmp_path) if r in expected or kwargs.get("update_freq") != 3]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("case", RECORD["errors"], ids=lambda case: str(case[0]))
def test_wrong_batches_to_profile(case):
    kwargs, message = case
    pair = kwargs["profile_batch"]
    with pytest.raises(ValueError) as caught:
        TensorBoard(profile_batch=tuple(pair) if isinstance(pair, list) else pair)
    assert str(caught.value).replace("(", "[").replace(")", "]") == message.replace("(", "[").replace(
        ")", "]"
    )


def test_the_numbers_are_those_of_the_history(tmp_path):
    _, history = trained(tmp_path, True, update_freq="batch", epochs=3)
    train, validation = reader(tmp_path / "train"), reader(tmp_path / "validation")

    def read(run, tag):
        return [(e.step, float(e.tensor_proto.float_val[0])) for e in run.Tensors(tag)]

    for name in ("loss", "mae"):
        values = np.array(history[name], "float32")
        assert read(train, f"epoch_{name}") == list(enumerate(values))
        values = np.array(history[f"val_{name}"], "float32")
        assert read(validation, f"epoch_{name}") == list(enumerate(values))
        assert read(validation, f"evaluation_{name}_vs_iterations") == [
            (3 * (i + 1), v) for i, v in enumerate(values)
        ]
    assert [step for step, _ in read(train, "batch_loss")] == list(range(1, 10))
    assert read(train, "batch_loss")[2][1] == pytest.approx(history["loss"][0])
    assert read(train, "epoch_learning_rate") == [(i, np.float32(0.01)) for i in range(3)]


def test_histograms_and_images_of_the_weights(tmp_path):
    from PIL import Image

    trainee, _ = trained(tmp_path, histogram_freq=1, write_images=True, epochs=1)
    run = reader(tmp_path / "train")
    kernel = trainee.get_layer("conv").kernel.numpy()
    table = np.frombuffer(run.Tensors("model/conv/kernel/histogram")[0].tensor_proto.tensor_content).reshape(
        -1, 3
    )
    assert table[:, 2].sum() == kernel.size
    assert (table[0, 0], table[-1, 1]) == (kernel.min(), kernel.max())
    width, height, *images = run.Tensors("model/conv/kernel/image")[0].tensor_proto.string_val
    assert (width, height, len(images)) == (b"3", b"3", 3)
    first = np.asarray(Image.open(io.BytesIO(images[0])))
    scaled = (kernel[..., 0] - kernel.min()) / (kernel.max() - kernel.min())
    np.testing.assert_array_equal(first, np.round(scaled * 255))


def test_the_graphs(tmp_path):
    trainee, _ = trained(tmp_path)
    run = reader(tmp_path / "train")
    assert [n.name for n in run.Graph().node] == ["model/conv", "model/norm", "model/flat", "model/out"]
    config = json.loads(run.Tensors("keras")[0].tensor_proto.string_val[0])
    assert config["class_name"] == "Sequential"
    names = [node.name for node in keras_util.keras_model_to_graph_def(config).node]
    assert names[1:] == ["model/conv", "model/norm", "model/flat", "model/out"]
    assert trainee.built


def test_models_inside_models_are_scopes():
    inner = Sequential([Input((4,)), Dense(3, name="deep"), Dense(3, name="deeper")], name="inner")
    x = Input((4,), name="x")
    graph = graph_def(Functional(x, Dense(1, name="top")(ops.exp(inner(x))), name="outer"))
    nodes = {node.name: (node.op, list(node.input)) for node in graph.node}
    assert nodes == {
        "outer/x": ("InputLayer", []),
        "outer/inner/deep": ("Dense", ["outer/x"]),
        "outer/inner/deeper": ("Dense", ["outer/inner/deep"]),
        "outer/exp": ("Exp", ["outer/inner/deeper"]),
        "outer/top": ("Dense", ["outer/exp"]),
    }
    sizes = [d.size for d in graph.node[-1].attr["_output_shapes"].list.shape[0].dim]
    assert sizes == [-1, 1]


def test_the_projector_finds_tables_and_labels(tmp_path):
    projector = pytest.importorskip("tensorboard.plugins.projector")
    text_format = pytest.importorskip("google.protobuf.text_format")
    trainee = Sequential([Input((3,)), Embedding(5, 2, name="words"), Flatten(), Dense(1)])
    trainee.compile("sgd", "mse")
    callback = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"words": 'a "b".tsv'})
    trainee.fit(np.ones((4, 3), int), np.ones(4), verbose=0, callbacks=[callback])
    config = projector.ProjectorConfig()
    text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), config)
    (entry,) = config.embeddings
    assert (entry.tensor_name, entry.metadata_path) == ("words", 'a "b".tsv')
    table = np.loadtxt(tmp_path / entry.tensor_path, delimiter="\t")
    np.testing.assert_allclose(table, trainee.layers[0].embeddings.numpy(), rtol=1e-6)
    wrong = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"letters": "a.tsv"})
    with pytest.raises(
        ValueError, match=r"Unrecognized `Embedding` layer names .*letters.*The model has: .*words"
    ):
        wrong.set_model(trainee)


def test_a_trace_of_some_batches(tmp_path):
    trained(tmp_path, profile_batch=(2, 3))
    (path,) = (tmp_path / "train/plugins/profile").glob("*/*.trace.json.gz")
    with gzip.open(path, "rt") as file:
        events = json.load(file)["traceEvents"]
    names = {event["name"] for event in events}
    assert any("apply" in name for name in names)
    assert all(event["dur"] >= 0 for event in events if event["ph"] == "X")


def test_evaluate_alone(tmp_path):
    trainee, _ = trained(tmp_path / "fit")
    trainee.evaluate(X, Y, batch_size=4, verbose=0, callbacks=[TensorBoard(tmp_path / "evaluate")])
    assert records(tmp_path / "evaluate") == [
        ["validation", 6, "evaluation_loss_vs_iterations", "scalars"],
        ["validation", 6, "evaluation_mae_vs_iterations", "scalars"],
    ]


def test_steps_go_on_in_the_next_fit(tmp_path):
    trainee, _ = trained(tmp_path)
    callback = TensorBoard(tmp_path / "more", update_freq=1, write_graph=False)
    trainee.fit(X, Y, batch_size=6, initial_epoch=2, epochs=3, verbose=0, callbacks=[callback])
    steps = [(tag, step) for _, step, tag, _ in records(tmp_path / "more") if "loss" in tag]
    assert steps == [("batch_loss", 7), ("batch_loss", 8), ("epoch_loss", 2)]


def test_nothing_of_each_batch_is_asked_for_without_need():
    assert not vars(TensorBoard()).keys() & {"on_train_batch_begin", "on_train_batch_end"}
    with pytest.raises(ValueError, match="update_freq must be 'epoch', 'batch' or a number of batches"):
        TensorBoard(update_freq="epochs")


def test_a_subclassed_model_is_trained_without_its_graph(tmp_path):
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.out = Dense(1)

        def call(self, x):
            return self.out(x)

    trainee = Two()
    trainee.compile("sgd", "mse")
    trainee.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[TensorBoard(tmp_path)])
    assert "epoch_loss" in [tag for _, _, tag, _ in records(tmp_path)]


def test_the_package_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.summary.writer.event_file_writer", None)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        EventFile(tmp_path)


def test_tables_of_odd_arrays():
    np.testing.assert_array_equal(histogram_table([2.0, 2.0], 2), [[2, 2, 0], [2, 2, 2]])
    assert histogram_table(np.array([np.nan, 1.0, 3.0]))[:, 2].sum() == 2
    assert not histogram_table([np.inf]).any()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), None),
        ((1, 1), None),
        ((7,), (1, 7, 1, 1)),
        ((7, 3), (1, 3, 7, 1)),
        ((3, 7), (1, 3, 7, 1)),
        ((4, 5, 6), (3, 4, 5, 1)),
        ((3, 5, 3, 8), (3, 3, 5, 3)),
        ((3, 5, 4, 2), (2, 3, 5, 1)),
        ((2, 2, 2, 2, 2), None),
    ],
)
def test_pictures_of_weights(shape, expected):
    images = weight_images(RANDOM.random(shape))
    assert (None if images is None else images.shape) == expected


def test_arguments_of_keras_2():
    with pytest.warns(FutureWarning, match="leave batch_size out"):
        TensorBoard("logs", batch_size=32)
    with pytest.raises(TypeError, match="unexpected keyword argument 'histgram_freq'. Did you mean"):
        TensorBoard("logs", histgram_freq=1)
