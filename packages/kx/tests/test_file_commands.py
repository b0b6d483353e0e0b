"""`kx inspect` and `kx convert`."""

import json

import numpy as np
import pytest

import kx
from kx.command import main

L = kx.layers


@pytest.fixture
def trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inner = kx.Sequential([kx.Input((4,)), L.Dense(3, "relu", name="inside")], name="nested")
    model = kx.Sequential([kx.Input((4,)), inner, L.Dense(2, name="out")], name="outer")
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    return model


def predicted(model):
    return model.predict(np.linspace(-1, 1, 12).reshape(3, 4), verbose=0)


SUFFIXES = [".keras", ".h5", ".weights.h5", ".safetensors", ".json", ".yaml"]


def write_all(model):
    model.save("m.keras")
    model.save("m.h5")
    model.save_weights("m.weights.h5")
    model.save_weights("m.safetensors")
    model.save_weights("old_weights.h5")
    model.save("folder", zipped=False)
    for suffix, text in ((".json", model.to_json()), (".yaml", model.to_yaml())):
        with open(f"m{suffix}", "w") as file:
            file.write(text)


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "folder", "m.json", "m.yaml"])
def test_inspect_models(trained, capsys, name):
    write_all(trained)
    assert main(["inspect", name]) == 0
    text = capsys.readouterr().out
    for word in ("outer", "nested", "  inside", "Dense", "Sequential"):
        assert word in text
    if "." not in name or name in ("m.keras", "m.h5"):
        assert (
            "float32 (4, 3)" in text
            and "Keras version: 3" in text
            and "optimizer: " in text
            and "metrics: mae" in text
        )


@pytest.mark.parametrize("name", ["m.weights.h5", "m.safetensors", "old_weights.h5"])
def test_inspect_weights(trained, capsys, name):
    write_all(trained)
    assert main(["inspect", name, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["layers"] == []
    assert {"shape": [4, 3], "dtype": "float32"} in found["arrays"].values()
    assert main(["inspect", name, "--config"]) == 1
    assert "holds no config" in capsys.readouterr().err


def test_inspect_prints_the_config(trained, capsys):
    trained.save("m.keras")
    assert main(["inspect", "m.keras", "--config"]) == 0
    assert json.loads(capsys.readouterr().out)["config"]["name"] == "outer"


def test_inspect_builds_nothing(tmp_path, capsys):
    """A config that no model could be made from is shown all the same."""
    config = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [{"class_name": "Mine", "config": {"name": "m"}}]},
    }
    (tmp_path / "m.json").write_text(json.dumps(config))
    assert main(["inspect", str(tmp_path / "m.json")]) == 0
    assert "Mine" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>", b"PK\x03\x04", b"\x80\x04\x95abc"])
def test_inspect_says_what_foreign_files_are(tmp_path, capsys, content):
    (tmp_path / "m.keras").write_bytes(content)
    assert main(["inspect", str(tmp_path / "m.keras")]) == 1
    assert capsys.readouterr().err.startswith("kx inspect: ")
    assert main(["inspect", str(tmp_path / "missing")]) == 1


@pytest.mark.parametrize("source", ["m.keras", "m.h5", "folder"])
@pytest.mark.parametrize("target", ["n.keras", "n.h5", "n_folder"])
def test_models_keep_weights_and_training(trained, source, target):
    write_all(trained)
    assert main(["convert", source, target]) == 0
    again = kx.models.load_model(target)
    np.testing.assert_array_equal(predicted(again), predicted(trained))
    assert int(again.optimizer.iterations) == 1 and type(again.optimizer).__name__ == "Adam"
    assert main(["convert", source, target, "--force", "--no-compile"]) == 0
    assert not kx.models.load_model(target).compiled


@pytest.mark.parametrize("weights", ["n.weights.h5", "n.safetensors", "n.weights.json", "old_weights.h5"])
@pytest.mark.parametrize("architecture", ["n.json", "n.yaml", "m.keras"])
def test_halves_go_apart_and_together(trained, weights, architecture):
    write_all(trained)
    for target in {weights, architecture} - {"old_weights.h5", "m.keras"}:
        assert main(["convert", "m.keras", target]) == 0
    assert main(["convert", weights, "a.keras", "--architecture", architecture]) == 0
    np.testing.assert_array_equal(predicted(kx.models.load_model("a.keras")), predicted(trained))
    if architecture != "m.keras":
        assert main(["convert", architecture, "b.h5", "--weights", weights]) == 0
        np.testing.assert_array_equal(predicted(kx.models.load_model("b.h5")), predicted(trained))


def test_to_onnx(trained):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    trained.save("m.keras")
    assert main(["convert", "m.keras", "m.onnx"]) == 0
    session = runtime.InferenceSession("m.onnx")
    x = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
    (got,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(got, predicted(trained), atol=1e-6)


def test_what_is_missing_is_asked_for(trained, capsys):
    write_all(trained)
    assert main(["convert", "m.json", "n.keras"]) == 1
    assert "--weights" in capsys.readouterr().err
    assert main(["convert", "m.weights.h5", "n.keras"]) == 1
    assert "holds no model" in capsys.readouterr().err
    assert main(["convert", "m.keras", "m.h5"]) == 1
    assert "--force" in capsys.readouterr().err
