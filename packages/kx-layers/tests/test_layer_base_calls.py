"""How a layer is called: several inputs, keywords, `training`, masks, added losses, values given for variables."""

import numpy as np
import pytest

from kx_layers import Activation, Dense, Embedding, Input, Layer
from kx_tensor import KerasTensor, Variable, ops
from kx_tensor.tensor import Tensor

X = np.linspace(-1, 1, 6).reshape(2, 3).astype("float32")


class Recorder(Layer):
    """Keeps the shapes it is built with."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.untracked("shapes", [])


# ---- inputs


def test_shapes_of_named_inputs():
    class Attend(Recorder):
        def build(self, query_shape, value_shape):
            self.shapes.append((query_shape, value_shape))

        def call(self, query, value=None, flag=False):
            return query + ops.sum(value) if flag else query

    for call in (
        lambda layer: layer(X, X[:1]),
        lambda layer: layer(query=X, value=X[:1]),
        lambda layer: layer(X, value=X[:1], flag=True),
        lambda layer: layer(Input((3,), batch_size=2), value=Input((3,), batch_size=1)),
    ):
        layer = Attend()
        call(layer)
        assert layer.shapes == [((2, 3), (1, 3))]
    assert layer.get_build_config() == {"shapes_dict": {"query_shape": (2, 3), "value_shape": (1, 3)}}
    again = Attend()
    again.build_from_config({"shapes_dict": {"query_shape": [2, 3], "value_shape": [1, 3]}})
    assert again.built
    assert again.shapes == [((2, 3), (1, 3))]


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_inputs(kind):
    class Sum(Recorder):
        def build(self, input_shape):
            self.shapes.append(input_shape)

        def call(self, inputs):
            return inputs[0] + inputs[1]

    layer = Sum()
    np.testing.assert_array_equal(layer(kind([X, X])), 2 * X)
    assert layer.shapes == [kind([(2, 3), (2, 3)])]
    assert layer(kind([Input((3,)), Input((3,))])).shape == (None, 3)


def test_a_dict_of_inputs():
    class Sum(Recorder):
        def build(self, input_shape):
            self.shapes.append(input_shape)

        def call(self, inputs):
            return {"sum": inputs["a"] + inputs["b"]}

    layer = Sum()
    np.testing.assert_array_equal(layer({"a": X, "b": X})["sum"], 2 * X)
    assert layer.shapes == [{"a": (2, 3), "b": (2, 3)}]
    assert Sum()({"a": Input((3,)), "b": Input((3,))})["sum"].shape == (None, 3)


def test_build_may_ask_for_some_of_the_shapes():
    class First(Recorder):
        def build(self, a_shape):
            self.shapes.append(a_shape)

        def call(self, a, b):
            return a + b

    layer = First()
    layer(X, X[:1])
    assert layer.shapes == [(2, 3)]


def test_variables_arrays_and_nested_lists_are_inputs():
    class Same(Layer):
        def call(self, x):
            assert isinstance(x, Tensor)
            return x

    assert Same()(Variable(X)).dtype == "float32"
    assert Same()(X.astype("float64")).dtype == "float32"
    assert Same()(np.arange(3)).dtype.startswith("int")


@pytest.mark.parametrize("value", ["text", 3.5, True])
def test_positional_arguments_are_tensors(value):
    with pytest.raises(ValueError, match="Only input tensors may be passed as positional arguments"):
        Dense(2)(value)


def test_arguments_of_call_are_checked():
    layer = Dense(2, name="d")
    with pytest.raises(TypeError, match="Layer 'd': call\\(\\) misses the argument 'inputs'"):
        layer()
    with pytest.raises(TypeError, match=r"takes 1 argument\(s\) \['inputs'\], got 2"):
        layer(X, X)
    with pytest.raises(TypeError, match="has no argument 'scale'"):
        layer(X, scale=2)


# ---- training


class Log(Layer):
    seen: list = []

    def call(self, x, training=None):
        if not isinstance(x, KerasTensor):
            self.seen.append(training)
        return x


class Outer(Layer):
    """Calls a layer with the surrounding `training`, then with its own."""

    def __init__(self):
        super().__init__()
        self.inner = Log()

    def call(self, x, training=False):
        self.inner(x)
        return self.inner(x, training=True)


class Passing(Layer):
    def __init__(self):
        super().__init__()
        self.inner = Log()

    def call(self, x):
        return self.inner(x)


@pytest.mark.parametrize(
    ("make", "arguments", "seen"),
    [
        (Log, {}, [None]),
        (Log, {"training": True}, [True]),
        (Log, {"training": False}, [False]),
        (Outer, {}, [False, True]),
        (Outer, {"training": True}, [True, True]),
        (Passing, {}, [None]),
        (Passing, {"training": True}, [True]),
        (Passing, {"training": False}, [False]),
    ],
)
def test_training_is_given_or_inherited_or_the_default(make, arguments, seen):
    layer = make()
    for _ in range(2):  # the second call takes the short path
        Log.seen.clear()
        layer(X, **arguments)
        assert [s or None for s in Log.seen] == [s or None for s in seen]


def test_training_ends_with_the_call():
    layer = Passing()
    layer(X, training=True)
    Log.seen.clear()
    layer(X)
    layer.inner(X)
    assert True not in Log.seen

    class Fails(Layer):
        def call(self, x, training=None):
            raise KeyError("stop")

    with pytest.raises(KeyError):
        Fails()(X, training=True)
    layer(X)
    assert True not in Log.seen


# ---- masks


IDS = np.array([[1, 0, 2]])
MASK = [[True, False, True]]


@pytest.fixture
def embedded():
    return Embedding(5, 2, mask_zero=True)(IDS)


def test_masks_ride_on_tensors(embedded):
    np.testing.assert_array_equal(embedded._keras_mask, MASK)
    np.testing.assert_array_equal(Activation("relu")(embedded)._keras_mask, MASK)
    np.testing.assert_array_equal(Dense(3)(embedded)._keras_mask, MASK)


def test_a_mask_argument_gets_the_mask(embedded):
    class Masked(Layer):
        def call(self, x, mask=None):
            return x if mask is None else x * ops.expand_dims(ops.cast(mask, x.dtype), -1)

    with pytest.warns(
        UserWarning, match="does not support masking"
    ):  # it uses the mask, but does not pass it on
        out = Masked()(embedded)
    assert (out.numpy()[0, 1] == 0).all()
    assert out._keras_mask is None
    with pytest.warns(UserWarning, match="does not support masking"):
        explicit = Masked()(embedded, mask=np.array([[False, True, True]]))
    assert (explicit.numpy()[0, 0] == 0).all()


def test_masks_by_the_name_of_their_tensor(embedded):
    seen = {}

    class Pair(Layer):
        supports_masking = True

        def call(self, query, value, query_mask=None, value_mask=None):
            seen.update(query=query_mask, value=value_mask)
            return query

    Pair()(embedded, np.ones((1, 3, 2), "float32"))
    np.testing.assert_array_equal(seen["query"], MASK)
    assert seen["value"] is None


def test_compute_mask_makes_the_mask_of_the_outputs(embedded):
    class Flip(Layer):
        def compute_mask(self, inputs, mask=None):
            return None if mask is None else ops.logical_not(mask)

        def call(self, x):
            return x * 1.0

    np.testing.assert_array_equal(Flip()(embedded)._keras_mask, np.logical_not(MASK))


def test_a_layer_that_knows_no_masks_warns(embedded):
    class Plain(Layer):
        def call(self, x):
            return x * 1.0

    with pytest.warns(UserWarning, match="does not support masking and will therefore destroy the mask"):
        out = Plain(name="plain")(embedded)
    assert out._keras_mask is None


def test_masks_pass_through_symbols():
    out = Activation("relu")(Embedding(5, 2, mask_zero=True)(Input((3,), dtype="int32")))
    assert out._keras_mask.shape == (None, 3)


def test_masks_survive_the_cast_to_half(embedded):
    out = Activation("relu", dtype="float16")(embedded)
    assert out.dtype == "float16"
    np.testing.assert_array_equal(out._keras_mask, MASK)


# ---- losses


class Costly(Layer):
    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def call(self, x):
        self.add_loss(self.factor * ops.sum(ops.abs(x)))
        return x


def test_added_losses_are_those_of_the_last_call():
    layer = Costly()
    for _ in range(2):
        layer(X)
        assert [float(loss) for loss in layer.losses] == [pytest.approx(np.abs(X).sum())]
    layer(Input((3,)))  # a symbolic call adds no loss
    assert [float(loss) for loss in layer.losses] == [pytest.approx(np.abs(X).sum())]


def test_losses_of_a_tensor_called_again_and_again_do_not_pile_up():
    class Around(Layer):
        def __init__(self):
            super().__init__()
            self.cost = Costly()

        def call(self, x):
            return self.cost(x)

    x = ops.convert_to_tensor(X)
    for layer in (Costly(), Around()):
        for _ in range(4):
            layer(x)
            assert len(layer.losses) == 1


def test_losses_of_sublayers_and_weights_are_collected():
    class Both(Layer):
        def __init__(self):
            super().__init__()
            self.cost = Costly(0.5)
            self.dense = Dense(2, kernel_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2")

        def call(self, x):
            return self.dense(self.cost(x))

    layer = Both()
    out = layer(X)
    kernel = layer.dense.kernel.numpy()
    expected = [0.5 * np.abs(X).sum(), 0.01 * (out.numpy() ** 2).sum() / 2, 0.01 * np.abs(kernel).sum(), 0.0]
    assert [float(loss) for loss in layer.losses] == pytest.approx(expected, rel=1e-5)
    layer.dense.trainable = False
    assert len(layer.losses) == 2  # frozen weights are not regularized


def test_what_is_no_loss():
    with pytest.raises(ValueError, match="`add_loss` expects a scalar tensor, got 'much'"):
        Costly().add_loss("much")


def test_a_layer_of_an_integer_dtype_gets_floats_as_they_are():
    class Count(Layer):
        def call(self, x):
            return ops.cast(ops.sum(x > 0.4, axis=-1), self.dtype)

    np.testing.assert_array_equal(Count(dtype="int32")(X), [0, 2])


# ---- values given for variables


def test_stateless_call():
    class Counting(Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((), "ones", name="scale")
            self.count = self.add_weight((), "zeros", trainable=False, name="count")

        def call(self, x):
            self.count.assign_add(1.0)
            self.add_loss(self.scale * 2.0)
            return x * self.scale

    layer = Counting()
    layer.build((None, 3))
    out, after, losses = layer.stateless_call([3.0], [5.0], X, return_losses=True)
    np.testing.assert_allclose(out, 3 * X, rtol=1e-6)
    assert [float(v) for v in after] == [6.0]
    assert [float(loss) for loss in losses] == [6.0]
    assert (float(layer.scale), float(layer.count)) == (1.0, 0.0)
    with pytest.raises(ValueError, match="expected 1, got 2"):
        layer.stateless_call([1.0, 2.0], [5.0], X)
    with pytest.raises(ValueError, match=r"has shape \(\), the value given for it \(2,\)"):
        layer.stateless_call([[1.0, 2.0]], [5.0], X)
    assert float(layer.scale) == 1.0
