"""`Layer`, written the Keras way: constructor, build, configs, names, dtype policies, `Input`, `InputSpec`."""

import json

import numpy as np
import pytest

from kx_io import deserialize_keras_object, register_keras_serializable, serialize_keras_object
from kx_layers import Dense, Input, InputLayer, InputSpec, Layer
from kx_layers.policy import DTypePolicy
from kx_tensor import KerasTensor, ops

X = np.linspace(-1, 1, 8).reshape(2, 4).astype("float32")


@register_keras_serializable("tests")
class Linear(Layer):
    """A layer as Keras's guide writes it."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones", name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=False, name="b")

    def call(self, inputs):
        return inputs @ self.w + self.b


def test_the_first_call_builds():
    layer = Linear(name="linear")
    assert not layer.built
    assert layer.weights == []
    np.testing.assert_allclose(layer(X), np.repeat(X.sum(1, keepdims=True), 3, axis=1), rtol=1e-6, atol=1e-6)
    assert layer.built
    assert [w.path for w in layer.weights] == ["linear/w", "linear/b"]
    assert layer.count_params() == 4 * 3 + 3
    assert layer.get_build_config() == {"input_shape": (2, 4)}


def test_building_twice_is_harmless():
    layer = Linear()
    layer.build((None, 4))
    layer(X)
    assert layer.w.shape == (4, 3)
    assert len(layer.weights) == 2


def test_a_symbolic_call_builds_and_gives_a_symbol():
    layer = Linear(5)
    out = layer(Input((4,)))
    assert isinstance(out, KerasTensor)
    assert (out.shape, out.dtype) == ((None, 5), "float32")
    assert layer.built
    assert (layer.input.shape, layer.output.shape) == ((None, 4), (None, 5))


def test_a_layer_without_weights_is_born_built():
    class Twice(Layer):
        def call(self, x):
            return 2 * x

    assert Twice().built
    np.testing.assert_array_equal(Twice()(X), 2 * X)
    assert Twice()(Input((4,), batch_size=3)).shape == (3, 4)
    assert Twice().compute_output_shape((3, None)) == (3, None)


def test_build_from_config():
    layer = Linear()
    layer.build_from_config({"input_shape": [None, 7]})
    assert layer.built
    assert layer.w.shape == (7, 3)


def test_the_config_is_made_of_the_constructors_arguments():
    layer = Linear(5, name="linear", trainable=False, dtype="float64")
    config = layer.get_config()
    assert config["units"] == 5
    assert (config["name"], config["trainable"]) == ("linear", False)
    assert config["dtype"]["config"]["name"] == "float64"
    again = Linear.from_config(config)
    assert again.get_config() == config


def test_a_written_config():
    class Own(Linear):
        def get_config(self):
            return {**super().get_config(), "units": self.units}

    assert Own.from_config(Own(6).get_config()).units == 6


def test_serialized_with_its_registered_name():
    layer = Linear(5, name="linear")
    layer(X)
    config = json.loads(json.dumps(serialize_keras_object(layer)))
    assert config["registered_name"] == "tests>Linear"
    again = deserialize_keras_object(config)
    assert again.built
    assert again.w.shape == (4, 5)


@pytest.mark.parametrize("name", [3, "a/b", ""])
def test_names_that_cannot_be(name):
    with pytest.raises(ValueError, match="name must be a non-empty string without '/'"):
        Linear(name=name)


def test_unknown_arguments():
    with pytest.raises(TypeError, match="unexpected keyword argument 'unit'"):
        Linear(unit=3)


def test_automatic_names_count():
    one, two = Linear(), Linear()
    assert one.name.startswith("linear")
    assert one.name != two.name


def test_the_shape_of_the_input_as_old_code_gives_it():
    assert Dense(2, input_shape=(4,))._batch_input_shape == (None, 4)
    assert Dense(2, input_dim=4)._batch_input_shape == (None, 4)
    assert Dense(2, batch_input_shape=(5, 4))._batch_input_shape == (5, 4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_dtype_is_a_policy(dtype):
    layer = Linear(dtype=dtype)
    assert layer(X).dtype == dtype
    assert (layer.w.dtype, layer.dtype, layer.compute_dtype, layer.variable_dtype) == (dtype,) * 4
    assert layer.dtype_policy == DTypePolicy(dtype)


def test_a_layer_may_leave_its_inputs_uncast():
    class Keep(Layer):
        def __init__(self):
            super().__init__(dtype="float16", autocast=False)

        def call(self, x):
            return x

    assert Keep()(X).dtype == "float32"


def test_shapes_may_be_given_by_the_layer():
    class Seven(Layer):
        def compute_output_shape(self, input_shape):
            return (input_shape[0], 7)

        def call(self, x):
            return ops.zeros((x.shape[0], 7))

    assert Seven()(Input((4,))).shape == (None, 7)
    assert Seven()(X).shape == (2, 7)


def test_add_weight():
    class Weights(Layer):
        def build(self, input_shape):
            self.a = self.add_weight((2, 3))
            self.b = self.add_weight(3, initializer="ones", dtype="int32", name="b")
            self.c = self.add_weight(name="c", initializer="zeros", regularizer="l2", constraint="non_neg")
            self.d = self.add_variable((1,), "ones", trainable=False)

        def call(self, x):
            return x

    layer = Weights()
    layer.build((None, 1))
    assert [w.shape for w in layer.weights] == [(2, 3), (3,), (), (1,)]
    assert layer.b.dtype == "int32"
    assert np.abs(layer.a.numpy()).max() <= np.sqrt(6 / 5)  # glorot_uniform
    assert layer.c.regularizer.l2 == pytest.approx(0.01)
    assert type(layer.c.constraint).__name__ == "NonNeg"
    assert [w.name for w in layer.trainable_weights][1:] == ["b", "c"]


def test_input():
    x = Input((4,), name="x", dtype="int32")
    assert (x.shape, x.dtype, x.name) == ((None, 4), "int32", "x")
    assert Input(batch_shape=(2, 4)).shape == Input((4,), batch_size=2).shape == (2, 4)
    assert Input(()).shape == (None,)
    assert Input(tensor=x).shape == (None, 4)
    config = InputLayer((4,), name="x", dtype="int32").get_config()
    assert config == {
        "batch_shape": (None, 4), "dtype": "int32", "sparse": False, "ragged": False, "name": "x", "optional": False,
    }  # fmt: skip
    assert InputLayer.from_config(config).batch_shape == (None, 4)
    assert InputLayer(input_shape=(3,)).batch_shape == InputLayer(batch_input_shape=(None, 3)).batch_shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "You must pass a `shape` argument"),
        ({"shape": (2,), "batch_shape": (1, 2)}, "cannot pass both `shape` and `batch_shape`"),
        ({"shape": (2,), "sparse": True}, "dense tensors only"),
        ({"shape": (2.5,)}, "sizes must be non-negative integers or None"),
        ({"tensor": X}, "must be a KerasTensor"),
    ],
)
def test_inputs_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        Input(**arguments)


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        (InputSpec(ndim=3), (2, 4), "expected 3 dimensions, batch axis included, found 2"),
        (InputSpec(min_ndim=3), (2, 4), "expected min_ndim=3, found ndim=2"),
        (InputSpec(max_ndim=2), (2, 4, 1), "expected at most 2 dimensions, found 3"),
        (InputSpec(axes={-1: 3}), (2, 4), "expected axis -1 of input shape to have value 3, found 4"),
        (InputSpec(shape=(None, 3)), (2, 4), r"expected shape=\(None, 3\), found shape=\(2, 4\)"),
        (InputSpec(dtype="int32"), (2, 4), "expected dtype=int32, found dtype=float32"),
    ],
)
def test_input_spec(spec, shape, message):
    class Picky(Layer):
        def __init__(self):
            super().__init__(name="picky")
            self.input_spec = spec

        def call(self, x):
            return x

    with pytest.raises(ValueError, match=message) as raised:
        Picky()(np.ones(shape, "float32"))
    assert 'Input 0 of layer "picky" is incompatible' in str(raised.value)
    assert "Hint: " in str(raised.value)
    with pytest.raises(ValueError, match=message):
        Picky()(Input(batch_shape=shape))


def test_input_specs_of_several_inputs():
    class Pair(Layer):
        def __init__(self):
            super().__init__()
            self.input_spec = [InputSpec(ndim=2), InputSpec(ndim=3)]

        def call(self, inputs):
            return inputs[0]

    with pytest.raises(ValueError, match=r"expects 2 input\(s\), but it received 1"):
        Pair()([X])
    with pytest.raises(ValueError, match="Input 1 of layer"):
        Pair()([X, X])
    assert Pair()([X, X[None]]).shape == (2, 4)


def test_input_spec_fits_where_sizes_are_unknown():
    layer = Dense(2)
    layer(X)
    assert layer(Input((None,))).shape == (None, 2)
    assert InputSpec.from_config(layer.input_spec.get_config()).axes == {-1: 4}


def test_a_call_that_is_not_written():
    with pytest.raises(NotImplementedError, match=r"Layer Layer does not have a `call\(\)` method"):
        Layer()(X)
