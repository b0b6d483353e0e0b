"""Weights in the layout of Keras 1 and 2: in order, by name, with what does not fit, with layers frozen since."""

import h5py
import numpy as np
import pytest

from kx_io.errors import FileFormatError
from kx_layers import LSTM, BatchNormalization, Dense, Input
from kx_layers.layer import Layer
from kx_models import Model, Sequential
from kx_models.saving.old_weights import read_old_weights, write_old_weights


def two_layers(units=3, names=("one", "two"), **kwargs):
    return Sequential([Input((4,)), Dense(units, name=names[0], **kwargs), Dense(2, name=names[1])])


def same(one, other):
    return all((a == b).all() for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.h5"


def test_layers_of_other_names_are_filled_in_order(path):
    model, other = two_layers(), two_layers(names=("a", "b"))
    write_old_weights(model, path)
    read_old_weights(other, path)
    assert same(model, other)


def test_layers_of_the_same_names_in_another_order_go_by_name(path):
    inputs = Input((4,))
    model = Model(inputs, [Dense(3, name="a")(inputs), Dense(3, name="b")(inputs)])
    other = Model(inputs, [Dense(3, name="b")(inputs), Dense(3, name="a")(inputs)])
    write_old_weights(model, path)
    read_old_weights(other, path)
    np.testing.assert_array_equal(other.get_layer("a").kernel, model.get_layer("a").kernel)


def test_by_name_takes_what_both_have(path):
    model, other = two_layers(), two_layers(names=("two", "new"), units=2)
    write_old_weights(model, path)
    before = other.get_layer("new").get_weights()
    with pytest.raises(
        ValueError, match=r"layer #0 \(named 'two'.*expects shape \(4, 2\).*with shape \(3, 2\)"
    ):
        read_old_weights(other, path, by_name=True)
    with pytest.warns(UserWarning, match="Left out: Shape mismatch"):
        read_old_weights(other, path, by_name=True, skip_mismatch=True)
    np.testing.assert_array_equal(other.get_layer("new").get_weights()[0], before[0])


def test_what_does_not_fit_is_named_and_nothing_is_changed(path):
    write_old_weights(two_layers(), path)
    other = two_layers(units=5)
    before = other.get_weights()
    message = r"Shape mismatch in layer #0 \(named 'one'.*weight .*one/kernel. Weight expects shape \(4, 5\). Received saved weight with shape \(4, 3\)"
    with pytest.raises(ValueError, match=message):
        read_old_weights(other, path)
    assert all((a == b).all() for a, b in zip(before, other.get_weights(), strict=True))


def test_skip_mismatch_leaves_out_the_layers_that_do_not_fit(path):
    model, other = two_layers(), two_layers(use_bias=False)
    write_old_weights(model, path)
    with pytest.raises(ValueError, match=r"Weight count mismatch for layer #0.*expects 1 weight.*Received 2"):
        read_old_weights(other, path)
    with pytest.warns(UserWarning, match="Left out: Weight count mismatch"):
        read_old_weights(other, path, skip_mismatch=True)
    np.testing.assert_array_equal(other.layers[1].kernel, model.layers[1].kernel)


def test_another_number_of_layers_is_told(path):
    write_old_weights(two_layers(), path)
    with pytest.raises(
        ValueError, match=r"Model expected 1 layers, found 2 saved layers.*\['one', 'two'\].*by_name=True"
    ):
        read_old_weights(Sequential([Input((4,)), Dense(3, name="one")]), path)


@pytest.mark.parametrize("frozen", [(), (0,), (1,), (0, 1, 2), "all"])
def test_layers_frozen_since_then_get_their_own_weights(path, frozen):
    def block():
        return Sequential([Input((4,)), Dense(4), BatchNormalization(), Dense(3)], name="block")

    model, other = (Sequential([Input((4,)), block(), Dense(2)]) for _ in range(2))
    for weight in model.weights:
        weight.assign(np.random.default_rng(weight.size).normal(size=weight.shape))
    if frozen == "all":
        model.layers[0].trainable = False
    for i in frozen if frozen != "all" else ():
        model.layers[0].layers[i].trainable = False
    write_old_weights(model, path)
    read_old_weights(other, path)
    assert same(model, other)


def test_names_may_be_cut_into_several_attributes(path):
    model, other = two_layers(), two_layers()
    write_old_weights(model, path)
    with h5py.File(path, "r+") as file:
        for i, name in enumerate(file.attrs["layer_names"]):
            file.attrs[f"layer_names{i}"] = [name]
        del file.attrs["layer_names"]
        file["one"].attrs["weight_names0"] = file["one"].attrs["weight_names"]
        del file["one"].attrs["weight_names"]
    read_old_weights(other, path)
    assert same(model, other)


def test_files_from_before_layers_had_names(path):
    model = two_layers()
    w = [np.full(shape, i, "float32") for i, shape in enumerate([(4, 3), (3,), (3, 2), (2,)])]
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = 3
        for i, arrays in enumerate([w[:2], [], w[2:]]):
            group = file.create_group(f"layer_{i}")
            group.attrs["nb_params"] = len(arrays)
            for k, array in enumerate(arrays):
                group.create_dataset(f"param_{k}", data=array)
    read_old_weights(model, path)
    assert all((a == b).all() for a, b in zip(model.get_weights(), w, strict=True))


def test_numbers_of_layers_are_not_believed(path):
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = 10**12
        file.create_group("layer_0").attrs["nb_params"] = 0
    with pytest.raises(FileFormatError, match="lists 'layer_1' in /"):
        read_old_weights(two_layers(), path)
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = 1
        file.create_group("layer_0").attrs["nb_params"] = 10**12
    with pytest.raises(FileFormatError, match="lists 'param_0' in /layer_0"):
        read_old_weights(two_layers(), path)


def test_weights_of_the_model_itself(path):
    class Shifted(Model):
        def __init__(self):
            super().__init__()
            self.inner = Dense(2, name="inner")
            self.shift = self.add_weight((2,), "ones", name="shift")

        def call(self, inputs):
            return self.inner(inputs) + self.shift

    model, other = Shifted(), Shifted()
    for one in (model, other):
        one(np.ones((1, 3), "float32"))
    model.shift.assign([3.0, 4.0])
    write_old_weights(model, path)
    read_old_weights(other, path)
    np.testing.assert_array_equal(other.shift, [3.0, 4.0])


def test_a_gated_layer_whose_bias_is_another_kind_is_refused(path):
    from kx_layers import GRU

    write_old_weights(Sequential([Input((2, 3)), GRU(2, reset_after=False)]), path)
    with pytest.raises(ValueError, match=r"gru_cell/bias. Weight expects shape \(2, 6\).*shape \(6,\)"):
        read_old_weights(Sequential([Input((2, 3)), GRU(2)]), path)


def test_files_without_weights_and_models_without(path):
    with h5py.File(path, "w") as file:
        file["x"] = 1.0
    with pytest.raises(FileFormatError, match="no attribute layer_names"):
        read_old_weights(two_layers(), path)
    write_old_weights(two_layers(), path)
    with pytest.raises(ValueError, match="has no weights yet"):
        read_old_weights(Sequential([Dense(2)]), path)


def test_two_weights_of_one_path_are_not_written(path):
    class Pair(Layer):
        def build(self, input_shape):
            self.first = self.add_weight((1,), name="w")
            self.second = self.add_weight((1,), name="w")

        def call(self, inputs):
            return inputs * self.first + self.second

    path.write_text("old")
    with pytest.raises(ValueError, match="Two arrays would be written"):
        write_old_weights(Sequential([Input((1,)), Pair()]), path)
    assert path.read_text() == "old"


def test_a_recurrent_layer_goes_in_order(path):
    model, other = (Sequential([Input((2, 3)), LSTM(2)]) for _ in range(2))
    write_old_weights(model, path)
    read_old_weights(other, path)
    assert same(model, other)
