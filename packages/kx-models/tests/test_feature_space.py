"""FeatureSpace against what Keras 3.15.1 recorded, in models, in files, and its errors."""

import json
import pathlib

import numpy as np
import pytest

from kx_layers import Dense
from kx_models import Model
from kx_models.feature_space import FeatureSpace
from kx_models.saving.api import load_model

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "feature_space.json").read_text("utf-8"))
DATA = {name: np.array(column) for name, column in GOLDEN["data"].items()}
MIXED = {"c": "string_categorical", "i": "integer_categorical", "f": "float_normalized", "g": "float"}


def rows(names, whole=DATA):
    return [{name: whole[name][i] for name in names} for i in range(4)]


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["case"])
def test_as_keras(case, tmp_path):
    space = eval(case["case"], {"F": FeatureSpace})
    space.adapt(iter(rows(case["features"])))
    first = {name: DATA[name][:2] for name in case["features"]}
    space.save(tmp_path / "space.keras")
    for each in (space, load_model(tmp_path / "space.keras")):
        out = each(first)
        parts = out if isinstance(out, dict) else {"all": out}
        assert list(parts) == list(case["values"])
        for name, (dtype, values) in case["values"].items():
            assert parts[name].dtype == dtype
            np.testing.assert_allclose(parts[name].numpy(), values, rtol=1e-6)


def adapted():
    space = FeatureSpace(MIXED, crosses=[("c", "i")], crossing_dim=5)
    space.adapt(DATA)
    return space


def test_kinds_of_data():
    space = adapted()
    together = space(DATA).numpy()
    columns = {name: column[:, None] for name, column in DATA.items()}
    np.testing.assert_array_equal(space(columns).numpy(), together)
    np.testing.assert_array_equal([space(row).numpy() for row in rows(MIXED)], together)
    again = FeatureSpace(MIXED, crosses=[("c", "i")], crossing_dim=5)
    again.adapt({name: column[i : i + 2] for name, column in DATA.items()} for i in (0, 2))
    np.testing.assert_allclose(again(DATA).numpy(), together, rtol=1e-6)


def test_in_models():
    space = adapted()
    encoded = space.get_encoded_features()
    assert encoded.shape == (None, 15)
    out = Dense(1)(encoded)
    trained = Model(encoded, out)
    trained.compile("sgd", "mse")
    trained.fit(space(DATA), np.arange(4.0), verbose=0)
    whole = Model(space.get_inputs(), out)
    np.testing.assert_allclose(
        whole.predict(DATA, verbose=0), trained.predict(space(DATA), verbose=0), rtol=1e-5
    )


def test_errors():
    with pytest.raises(ValueError, match="cannot be None or empty"):
        FeatureSpace({})
    with pytest.raises(ValueError, match="Invalid feature type: 'foo'"):
        FeatureSpace({"a": "foo"})
    with pytest.raises(ValueError, match="unknown features: \\['b'\\]"):
        FeatureSpace({"a": "float"}, crosses=[("a", "b")])
    with pytest.raises(ValueError, match="output_mode must be"):
        FeatureSpace({"a": "float"}, output_mode="x")
    with pytest.raises(ValueError, match="call `.adapt\\(dataset\\)`"):
        FeatureSpace({"a": "string_categorical"})({"a": ["x"]})
    with pytest.raises(ValueError, match="no data for the features \\['f', 'g', 'i'\\]|\\['i', 'f', 'g'\\]"):
        adapted()({"c": ["x"]})
    with pytest.raises(ValueError, match="dict of arrays/lists. Received instead: 3"):
        adapted().adapt(3)
    assert FeatureSpace({"a": "float"})({"a": [2.0]}).numpy().tolist() == [[2.0]]  # nothing to learn
