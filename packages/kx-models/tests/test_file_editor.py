"""`KerasFileEditor`: names and weights change, models load what was changed, comparisons count as in Keras."""

import numpy as np
import pytest

from kx_layers import Dense
from kx_layers.input_layer import Input
from kx_models import Sequential
from kx_models.saving.editor import KerasFileEditor


def model(*units):
    return Sequential([Input((3,)), *(Dense(n) for n in units)])


@pytest.fixture
def path(tmp_path):
    model(4, 2).save_weights(tmp_path / "a.weights.h5")
    return tmp_path / "a.weights.h5"


def test_objects_and_weights_change(path, tmp_path, capsys):
    editor = KerasFileEditor(path)
    editor.rename_object("dense", "first")
    editor.rename_object("layers/dense_1", "dense")
    editor.delete_object("first")
    editor.add_weights("/layers/dense", {"1": np.full(2, 7.0, "float32"), "2": np.ones(3)})
    editor.delete_weight("dense", "2")
    editor.add_object("layers/dense_1", {"0": np.ones((2, 2)), "1": np.zeros(2)})
    editor.summary()
    assert "dense_1" in capsys.readouterr().out
    editor.save(tmp_path / "b.weights.h5")
    other = Sequential([Input((4,)), Dense(2), Dense(2)])
    other.load_weights(tmp_path / "b.weights.h5")
    np.testing.assert_array_equal(other.layers[0].bias, [7.0, 7.0])
    np.testing.assert_array_equal(other.layers[1].kernel, np.ones((2, 2)))


def test_comparisons_count_as_in_keras(path, capsys):
    editor = KerasFileEditor(path)
    assert editor.compare(model(4, 2)) == {"status": "success", "error_count": 0, "match_count": 4}
    assert editor.compare(model(5, 2, 2)) == {"status": "error", "error_count": 6, "match_count": 1}
    assert (
        "/layers/dense/0: shape (3, 5) in the reference model, (3, 4) in the saved file"
        in capsys.readouterr().out
    )


def test_archives_have_their_texts(tmp_path):
    model(4).save(tmp_path / "a.keras")
    editor = KerasFileEditor(tmp_path / "a.keras")
    assert editor.metadata["keras_version"] == "3.15.1" and editor.config["class_name"] == "Sequential"
    assert list(editor.weights_dict["layers"]) == ["dense"]


def test_mistakes_are_told(path, tmp_path):
    editor = KerasFileEditor(path)
    with pytest.raises(ValueError, match="no object 'nope' .*layers/dense"):
        editor.rename_object("nope", "x")
    with pytest.raises(ValueError, match="beside 'layers/dense' already"):
        editor.rename_object("layers/dense", "dense_1")
    with pytest.raises(ValueError, match="no '/'"):
        editor.rename_object("dense", "a/b")
    with pytest.raises(ValueError, match="no weight '5'"):
        editor.delete_weight("dense", "5")
    with pytest.raises(ValueError, match="already; add_weights"):
        editor.add_object("layers/dense", {})
    with pytest.raises(ValueError, match="is an object"):
        editor.add_weights("layers", {"dense": 1.0})
    with pytest.raises(ValueError, match="weights.h5"):
        editor.save(tmp_path / "x.h5")
    with pytest.raises(FileNotFoundError):
        KerasFileEditor(tmp_path / "none.keras")
    (tmp_path / "x.keras").write_text("hello")
    with pytest.raises(ValueError, match="no `.keras`"):
        KerasFileEditor(tmp_path / "x.keras")
