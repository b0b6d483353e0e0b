"""Saving and loading: formats by name and content, hooks, what is missing, what does not fit, what must be refused."""

import io
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from kx_io import register_keras_serializable
from kx_io.archive import write_archive
from kx_io.errors import FileFormatError
from kx_layers import Dense, Dropout, Layer
from kx_layers.input_layer import Input
from kx_models import Model, Sequential
from kx_models.saving.api import load_model, load_weights, save_model, save_weights
from kx_models.saving.architecture import model_from_config, model_from_json, model_from_yaml
from kx_models.saving.clone import clone_model
from kx_tensor import ops


def small(units=3, **compiled):
    model = Sequential([Input((4,)), Dense(units, name="first"), Dense(2, name="second")], name="small")
    if compiled:
        model.compile(**compiled)
    return model


def same_weights(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


# ---- names and places


@pytest.mark.parametrize("make", [str, Path, lambda p: os.fsencode(p).decode()])
def test_paths_of_all_kinds(tmp_path, make):
    model = small()
    model.save(make(tmp_path / "model.keras"))
    assert same_weights(load_model(make(tmp_path / "model.keras")), model)


def test_file_objects():
    model, file = small(), io.BytesIO()
    model.save(file)
    file.seek(0)
    assert same_weights(load_model(file), model)
    other = small()
    other.load_weights(file)
    assert same_weights(other, model)


def test_a_file_object_that_only_writes(tmp_path):
    model = small()
    with open(tmp_path / "model.keras", "wb") as file:
        model.save(file)
    assert same_weights(load_model(tmp_path / "model.keras"), model)


def test_content_decides_over_the_name(tmp_path):
    model = small()
    model.save(tmp_path / "model.keras")
    os.rename(tmp_path / "model.keras", tmp_path / "model.h5")
    assert same_weights(load_model(tmp_path / "model.h5"), model)
    model.save_weights(tmp_path / "w.weights.h5")
    os.rename(tmp_path / "w.weights.h5", tmp_path / "weights.keras")
    other = small()
    other.load_weights(tmp_path / "weights.keras")
    assert same_weights(other, model)


def test_names_that_say_no_format(tmp_path):
    for name in ("model", "model.foo"):
        with pytest.raises(ValueError, match=r"\.keras"):
            small().save(tmp_path / name)
    with pytest.raises(ValueError, match="zipped=False"):
        small().save(tmp_path / "model.keras", zipped=False)
    with pytest.raises(ValueError, match=r"\.weights\.h5"):
        small().save_weights(tmp_path / "model.keras")
    with pytest.raises(TypeError, match="a path or a binary file object"):
        small().save(3)
    with pytest.raises(ValueError, match="unexpected keyword argument 'zip'"):
        small().save(tmp_path / "model.keras", zip=True)
    with pytest.raises(ValueError, match="compile=False"):
        small().save(tmp_path / "model.keras", include_optimizer=False)
    assert os.listdir(tmp_path) == []


def test_formats_by_argument(tmp_path):
    model = small()
    model.save(tmp_path / "whole", save_format="h5")
    model.save_weights(tmp_path / "weights", save_format="h5")
    assert same_weights(load_model(tmp_path / "whole"), model)
    other = small()
    other.load_weights(tmp_path / "weights")
    assert same_weights(other, model)


def test_overwrite_false_keeps_the_file(tmp_path):
    small().save(tmp_path / "model.keras")
    before = (tmp_path / "model.keras").read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        small().save(tmp_path / "model.keras", overwrite=False)
    assert (tmp_path / "model.keras").read_bytes() == before


def test_the_layout_is_that_of_keras(tmp_path):
    small(loss="mse").save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert json.loads(archive.read("metadata.json"))["keras_version"] == "3.15.1"
        weights = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    assert sorted(weights) == ["layers", "optimizer", "vars"]
    assert weights["layers/dense/vars"].attrs["name"] == "first"
    assert sorted(weights["layers/dense_1/vars"]) == ["0", "1"]


def test_a_model_without_weights_yet(tmp_path):
    model = Sequential([Dense(3)])
    with pytest.warns(UserWarning, match="has not been built"):
        model.save(tmp_path / "model.keras")
    assert not load_model(tmp_path / "model.keras").built
    with pytest.raises(ValueError, match="has no weights yet"):
        model.save_weights(tmp_path / "model.weights.h5")


# ---- hooks


@register_keras_serializable("saving_tests")
class Words(Layer):
    """Keeps its own variables under names of its own, and a file of words."""

    def __init__(self, words=(), **kwargs):
        super().__init__(**kwargs)
        self.words = list(words)

    def build(self, input_shape):
        self.counts = self.add_weight((2,), "zeros", name="counts")

    def call(self, x):
        return x

    def save_own_variables(self, store):
        store["counts"] = self.counts
        store["twice"] = self.counts.numpy() * 2

    def load_own_variables(self, store):
        assert set(store.keys()) == {"counts", "twice"}
        self.counts.assign(store["counts"])
        assert np.array_equal(store["twice"], self.counts.numpy() * 2)

    def save_assets(self, folder):
        (Path(folder) / "words.txt").write_text("\n".join(self.words))

    def load_assets(self, folder):
        self.words = (Path(folder) / "words.txt").read_text().split("\n")

    def get_config(self):
        return super().get_config()


@pytest.mark.parametrize("zipped", [None, False])
def test_own_variables_and_assets(tmp_path, zipped):
    model = Sequential([Input((4,)), Words(["a", "b"], name="words"), Dense(2)])
    model.layers[0].counts.assign([3.0, 4.0])
    path = tmp_path / ("model" if zipped is False else "model.keras")
    model.save(path, zipped=zipped)
    again = load_model(path)
    assert again.layers[0].words == ["a", "b"]
    assert same_weights(again, model)
    if zipped is None:
        assert "assets/layers/words/words.txt" in zipfile.ZipFile(path).namelist()
    with pytest.raises(ValueError, match="writes its variables itself"):
        model.save_weights(tmp_path / "w.safetensors")


def test_an_attribute_named_vars_is_refused(tmp_path):
    class Odd(Model):
        def __init__(self):
            super().__init__()
            self.vars = Dense(2)

        def call(self, x):
            return self.vars(x)

    model = Odd()
    model(np.ones((1, 2), "float32"))
    with pytest.raises(ValueError, match="attribute called 'vars'"):
        model.save_weights(tmp_path / "w.weights.h5")
    assert os.listdir(tmp_path) == []


# ---- what is missing


class Custom(Layer):
    def call(self, x):
        return x * 2.0


def own_loss(y_true, y_pred):
    return ops.mean(y_true - y_pred)


def own_metric(y_true, y_pred):
    return ops.mean(y_pred)


def test_all_missing_names_are_told_at_once(tmp_path):
    x = Input((4,))
    model = Model(x, Dense(2)(Custom()(x) + 1.0))
    model.compile(loss=own_loss, metrics=[own_metric])
    model.save(tmp_path / "model.keras")
    line = r"custom_objects={'Custom': Custom, 'own_loss': own_loss, 'own_metric': own_metric}"
    with pytest.raises(TypeError, match=line):
        load_model(tmp_path / "model.keras")
    known = {"Custom": Custom, "own_loss": own_loss, "own_metric": own_metric}
    assert load_model(tmp_path / "model.keras", custom_objects=known).compiled
    with pytest.warns(UserWarning, match="uncompiled") as told:
        assert not load_model(tmp_path / "model.keras", custom_objects={"Custom": Custom}).compiled
    assert len(told) == 1
    assert not load_model(tmp_path / "model.keras", custom_objects={"Custom": Custom}, compile=False).compiled


def test_a_lambda_as_loss_does_not_lose_the_model(tmp_path):
    model = small(loss=lambda t, p: ops.mean(t - p))
    with pytest.warns(UserWarning, match="was not saved, compile it again"):
        model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert same_weights(again, model) and not again.compiled


# ---- what does not fit


def test_what_does_not_fit_is_told_with_both_shapes_and_places(tmp_path):
    small().save_weights(tmp_path / "w.weights.h5")
    other = small(units=5)
    before = other.get_weights()
    with pytest.raises(ValueError) as error:
        other.load_weights(tmp_path / "w.weights.h5")
    text = str(error.value)
    for part in (
        "w.weights.h5",
        "layers/dense/vars (Dense 'first'): 'kernel' expects shape (4, 5), found (4, 3)",
        "layers/dense_1/vars (Dense 'second'): 'kernel' expects shape (5, 2), found (3, 2)",
        "skip_mismatch",
    ):
        assert part in text  # fmt: skip
    with pytest.warns(UserWarning, match=r"'kernel' expects shape \(4, 5\)"):
        other.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True)
    assert np.array_equal(other.get_weights()[0], before[0])


def test_layers_that_the_file_lacks_and_layers_to_skip(tmp_path):
    small().save_weights(tmp_path / "w.weights.h5")
    larger = Sequential([Input((4,)), Dense(3), Dense(2), Dense(7, name="third")])
    with pytest.raises(ValueError, match=r"'third'\): expects 2 variables \(kernel, bias\), found 0"):
        larger.load_weights(tmp_path / "w.weights.h5")
    larger.load_weights(tmp_path / "w.weights.h5", objects_to_skip=[larger.layers[-1]])


def test_a_file_of_another_model_says_so(tmp_path):
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file.create_group("something/vars")["0"] = 1.0
    with pytest.raises(FileFormatError, match="another model, or of another kind"):
        small().load_weights(tmp_path / "w.weights.h5")


def test_an_optimizer_of_another_size_keeps_its_state(tmp_path):
    model = small(optimizer="adam", loss="mse")
    model.optimizer.build(model.trainable_variables)
    model.save_weights(tmp_path / "w.weights.h5")
    other = small(optimizer="sgd", loss="mse")
    with pytest.warns(UserWarning, match="state of the optimizer"):
        other.load_weights(tmp_path / "w.weights.h5")
    assert same_weights(other, model)


def test_an_optimizer_saved_before_its_first_step(tmp_path, recwarn):
    model = small(optimizer="adam", loss="mse")
    model.optimizer.learning_rate = 0.5
    model.save(tmp_path / "model.keras")
    assert float(load_model(tmp_path / "model.keras").optimizer.learning_rate) == 0.5
    assert not recwarn.list


# ---- foreign and damaged files


FOREIGN = {
    "pickle": (pickle.dumps({"a": 1}), "a Python pickle"),
    "html": (b"<!DOCTYPE html><html>", "a web page"),
    "git-lfs": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "empty": (b"", "it is empty"),
    "json": (b'{"class_name": "Sequential"}', "model_from_json"),
    "noise": (b"\x00\x01\x02", "no format that is known"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_named_for_what_they_are(tmp_path, name):
    content, message = FOREIGN[name]
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        load_model(tmp_path / "model.keras")
    with pytest.raises(FileFormatError, match="holds no weights"):
        load_weights(small(), tmp_path / "model.keras")


def test_missing_files_folders_and_weights_alone(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_model(tmp_path / "none.keras")
    with pytest.raises(FileFormatError, match="a folder without a model"):
        load_model(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(FileFormatError, match=r"SavedModel.*save\('model.keras'\)"):
        load_model(tmp_path)
    small().save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(FileFormatError, match="model.load_weights"):
        load_model(tmp_path / "w.weights.h5")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_archives(tmp_path, share):
    small().save(tmp_path / "model.keras")
    whole = (tmp_path / "model.keras").read_bytes()
    (tmp_path / "model.keras").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FileFormatError, match="its end is missing"):
        load_model(tmp_path / "model.keras")


def archive_with(path, **members):
    """A model's archive with some of its members replaced, or left out where None."""
    file = io.BytesIO()
    small().save(file)
    with zipfile.ZipFile(file) as made:
        content = {name: made.read(name) for name in made.namelist()}
    content.update({name.replace("__", "."): value for name, value in members.items()})
    with write_archive(path) as archive:
        for name, value in content.items():
            if value is not None:
                archive.write(name, value)
    return path


def hdf5_with(make):
    file = io.BytesIO()
    with h5py.File(file, "w") as opened:
        make(opened)
    return file.getvalue()


def external(file):
    file.create_group("vars")
    file.create_group("layers/dense/vars")["0"] = h5py.ExternalLink("/etc/passwd", "/x")


def bomb(file):
    file.create_group("vars")
    file.create_group("layers/dense/vars").create_dataset(
        "0", (10**12,), "f4", chunks=(1000,), compression="gzip"
    )


LAMBDA = {
    "class_name": "Lambda",
    "module": "keras.layers",
    "config": {"name": "l", "function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}},
}
SYSTEM = {"class_name": "function", "module": "builtins", "config": "system", "registered_name": "function"}
ATTACKS = {
    "external link": ({"model__weights__h5": hdf5_with(external)}, "is a link"),
    "shape bomb": ({"model__weights__h5": hdf5_with(bomb)}, "declares"),
    "any module": ({"config__json": json.dumps({"module": "os", "class_name": "system", "config": {}})}, "Unknown name"),
    "any function": ({"config__json": json.dumps({"class_name": "Sequential", "config": {"layers": [SYSTEM]}})}, "system"),
    "lambda": ({"config__json": json.dumps({"class_name": "Sequential", "config": {"layers": [LAMBDA]}})}, "Python code"),
    "depth": ({"config__json": "[" * 10**5}, "nested too deep"),
    "no config": ({"config__json": None, "x": "{}"}, "zip archive without a Keras model"),
    "no weights": ({"model__weights__h5": None}, "holds no model.weights.h5"),
    "no model": ({"config__json": json.dumps({"class_name": "Zeros", "config": {}})}, "not a model"),
    "not a dict": ({"config__json": "[1, 2]"}, "that of no model"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("safe_mode", [True, False])
def test_attacks_are_refused(tmp_path, name, safe_mode):
    members, message = ATTACKS[name]
    members = {k: v.encode() if isinstance(v, str) else v for k, v in members.items()}
    path = archive_with(tmp_path / "model.keras", **members)
    with pytest.raises((FileFormatError, TypeError, ValueError), match=message):
        load_model(path, safe_mode=safe_mode)


def test_an_index_of_weights_names_only_files_beside_it(tmp_path):
    model = small()
    model.save_weights(tmp_path / "w.weights.json", max_shard_size=1)
    index = json.loads((tmp_path / "w.weights.json").read_text())
    assert index["weight_map"]["/layers/dense/vars"] == ["w_00000.weights.h5"]
    for name in ("/etc/passwd", "../w_00000.weights.h5", "other_00000.weights.h5"):
        index["weight_map"]["/layers/dense/vars"] = [name]
        (tmp_path / "w.weights.json").write_text(json.dumps(index))
        with pytest.raises(FileFormatError, match="Only files beside the index"):
            small().load_weights(tmp_path / "w.weights.json")


def test_a_variable_larger_than_a_shard(tmp_path):
    with pytest.raises(ValueError, match="more than the max_shard_size"):
        small().save_weights(tmp_path / "w.weights.json", max_shard_size=1e-8)
    assert os.listdir(tmp_path) == []


# ---- never lose a file


class Failing(Layer):
    def build(self, input_shape):
        self.w = self.add_weight((1,))

    def call(self, x):
        return x

    def save_own_variables(self, store):
        raise RuntimeError("the disk is full")


@pytest.mark.parametrize("name", ["model.keras", "w.weights.h5"])
def test_a_failed_save_leaves_the_old_file(tmp_path, name):
    write = (
        (lambda m: m.save(tmp_path / name))
        if name.endswith(".keras")
        else lambda m: m.save_weights(tmp_path / name)
    )
    write(small())
    before = (tmp_path / name).read_bytes()
    with pytest.raises(RuntimeError, match="disk is full"):
        write(Sequential([Input((4,)), Dense(2), Failing()]))
    assert (tmp_path / name).read_bytes() == before
    assert os.listdir(tmp_path) == [name]


SAVE_FOREVER = """
import sys
import numpy as np
from kx_layers import Dense
from kx_layers.input_layer import Input
from kx_models import Sequential
model = Sequential([Input((300,)), Dense(300)])
number = 0
while True:
    model.set_weights([np.full_like(w, number) for w in model.get_weights()])
    model.save(sys.argv[1])
    print(number, flush=True)
    number += 1
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_save_leaves_a_whole_file(tmp_path):
    rng = np.random.default_rng(0)
    for _ in range(int(os.environ.get("KX_KILLS", "6"))):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVE_FOREVER, str(tmp_path / "model.keras")],
            stdout=subprocess.PIPE,
            text=True,
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        written = [int(line) for line in process.communicate()[0].split()]
        kernel, bias = load_model(tmp_path / "model.keras").get_weights()
        assert (kernel == kernel[0, 0]).all() and (bias == kernel[0, 0]).all()
        assert not written or kernel[0, 0] in (written[-1], written[-1] + 1)


# ---- architecture, clones


@pytest.mark.parametrize("read", ["json", "yaml", "config"])
def test_architecture_alone(read):
    model = Sequential([Input((4,)), Dense(3), Dropout(0.5), Dense(2)], name="arch")
    if read == "json":
        again = model_from_json(model.to_json(indent=1))
    elif read == "yaml":
        again = model_from_yaml(model.to_yaml())
    else:
        again = model_from_config(json.loads(model.to_json()))
    # whether layers share the object of their dtype policy depends on who set the global one
    texts = [re.sub(r', "shared_object_id": \d+', "", m.to_json()) for m in (again, model)]
    assert texts[0] == texts[1]
    assert not same_weights(again, model)


def test_yaml_that_would_run_code_is_refused():
    with pytest.raises(FileFormatError, match="YAML tag"):
        model_from_yaml("!!python/object/apply:os.system ['true']")


def test_clones_share_what_was_shared():
    x = Input((3,), name="x")
    layer, inner = Dense(3, name="d"), Sequential([Dense(3, name="in")], name="inner")
    model = Model(x, inner(layer(layer(x))) + 1.0, name="outer")
    model.compile("sgd", "mse")
    made, called = [], []

    def make(layer):
        made.append(layer.name)
        return type(layer).from_config(layer.get_config())

    def call(layer, *args, **kwargs):
        called.append(layer.name)
        return layer(*args, **kwargs)

    clone = clone_model(model, clone_function=make, call_function=call, recursive=True)
    assert made == ["d", "in"] and called == ["d", "d", "inner", "add"]
    assert clone.name == "outer" and clone.compiled and len(clone.weights) == len(model.weights)
    assert clone.get_layer("d") is not layer and clone.get_layer("inner") is not inner
    other = clone_model(model, input_tensors=Input((3,), name="other"))
    assert other.inputs[0].name == "other"


def test_clones_of_subclasses_and_wrong_arguments():
    class Own(Model):
        def __init__(self, units=3):
            super().__init__()
            self.units, self.dense = units, Dense(units)

        def call(self, x):
            return self.dense(x)

    model = Own(5)
    model(np.ones((1, 2), "float32"))
    assert clone_model(model).units == 5
    with pytest.raises(ValueError, match="Sequential and functional"):
        clone_model(model, clone_function=lambda layer: layer)
    with pytest.raises(ValueError, match="listed, not called"):
        clone_model(small(), call_function=lambda layer, x: layer(x))
    with pytest.raises(ValueError, match="must be KerasTensors"):
        clone_model(small(), input_tensors=np.ones((1, 4)))
    with pytest.raises(TypeError, match="must return a layer"):
        clone_model(small(), clone_function=lambda layer: 3)


def test_functions_and_methods_are_the_same(tmp_path):
    model = small()
    save_model(model, tmp_path / "a.keras")
    save_weights(model, tmp_path / "a.weights.h5")
    for file in ("a.keras", "a.weights.h5"):
        other = small()
        load_weights(other, tmp_path / file)
        assert same_weights(other, model)


def test_weights_are_not_loaded_into_a_model_without(tmp_path):
    class Deep(Model):
        def __init__(self):
            super().__init__()
            self.blocks = [Dense(2), Dense(2)]

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return x

    path = tmp_path / "w.weights.h5"
    trained = Deep()
    trained(np.ones((1, 3), "float32"))
    trained.save_weights(path)
    with pytest.raises(ValueError, match="no weights yet, so none can be loaded"):
        Deep().load_weights(path)
