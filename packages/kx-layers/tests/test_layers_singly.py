"""What only one layer does: dense, embedding, reshaping, merging, masking; and the texts of their errors."""

import json

import numpy as np
import pytest

import kx_layers as layers
from kx_io import register_keras_serializable
from kx_layers import Layer, activations
from kx_tensor import KerasTensor, ops


def ones(*shape):
    return np.ones(shape, "float32")


# ---- Dense and EinsumDense -----------------------------------------------------------------------------------


def test_dense_activation_may_be_changed_after_building():
    layer = layers.Dense(2, activation="relu", kernel_initializer="ones")
    assert layer(-ones(1, 3)).numpy().tolist() == [[0.0, 0.0]]
    layer.activation = activations.linear
    assert layer(-ones(1, 3)).numpy().tolist() == [[-3.0, -3.0]]
    layer.activation = activations.exponential
    np.testing.assert_allclose(layer(-ones(1, 3)).numpy(), np.exp([[-3.0, -3.0]]), rtol=1e-6)


def test_dense_takes_a_layer_as_activation():
    layer = layers.Dense(2, activation=layers.LeakyReLU(0.5), kernel_initializer="ones")
    assert layer(-ones(1, 2)).numpy().tolist() == [[-1.0, -1.0]]
    again = layers.Dense.from_config(json.loads(json.dumps(layer.get_config())))
    assert isinstance(again.activation, layers.LeakyReLU) and again.activation.negative_slope == 0.5


@pytest.mark.parametrize("argument", ["lora_rank", "lora_alpha", "quantization_config"])
@pytest.mark.parametrize(
    "cls, sizes", [("Dense", (2,)), ("Embedding", (3, 2)), ("EinsumDense", ("ab,bc->ac", 2))]
)
def test_what_is_not_there_is_refused(cls, sizes, argument):
    with pytest.raises(ValueError, match=f"{argument} must be None: .* is not available"):
        getattr(layers, cls)(*sizes, **{argument: 4})
    getattr(layers, cls)(*sizes, **{argument: None})


def test_dense_errors_say_what_to_do():
    with pytest.raises(ValueError, match="units must be a positive integer, got 2.5"):
        layers.Dense(2.5)
    with pytest.raises(ValueError, match="last size of the input of a Dense layer must be known"):
        layers.Dense(2)(KerasTensor((None, None)))
    with pytest.raises(ValueError, match="Did you mean 'relu'"):
        layers.Dense(2, activation="rellu")
    with pytest.raises(TypeError, match="Did you mean 'activation'"):
        layers.Dense(2, activations="relu")
    layer = layers.Dense(2)
    layer(ones(1, 3))
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 3, found 4"):
        layer(ones(1, 4))


def test_dense_losses():
    layer = layers.Dense(2, kernel_initializer="ones", kernel_regularizer="l2", activity_regularizer="l2")
    layer(ones(4, 3))
    assert [round(float(v), 4) for v in layer.losses] == [0.18, 0.06]  # 0.01 * 8 * 3^2 / batch of 4; 0.01 * 6


@pytest.mark.parametrize(
    "equation, output_shape, message",
    [
        ("ab,bc-ac", 4, "invalid equation"),
        ("...ab,bc->ac...", 4, "same, single side"),
        ("ab,bc->ad", 4, r"\['d'\] in its output"),
        ("abc,cd->abd", 4, "fewer sizes"),
        ("abc,cd->abd", (7, 4), "axis 'b' has size 5 in the input, but 7"),
        ("abc,de->abe", (None, 4), "axis 'd' of the kernel has no size"),
    ],
)
def test_einsum_dense_errors(equation, output_shape, message):
    with pytest.raises(ValueError, match=message):
        layers.EinsumDense(equation, output_shape)(ones(2, 5, 3))


# ---- Embedding -----------------------------------------------------------------------------------------------


def test_embedding_weights():
    table = np.arange(6.0).reshape(3, 2).astype("float32")
    for weights in (table, [table]):
        layer = layers.Embedding(3, 2, weights=weights)
        np.testing.assert_array_equal(layer(np.array([2, 0])).numpy(), table[[2, 0]])
        assert "weights" not in layer.get_config()
    with pytest.raises(ValueError, match=r"shape \(3, 2\)"):
        layers.Embedding(3, 2, weights=[ones(2, 2)])(np.array([0]))
    with pytest.raises(AttributeError, match="set_weights"):
        layer.weights = [table]


def test_embedding_ids():
    layer = layers.Embedding(3, 2)
    with pytest.raises(ValueError, match="id 5 is out of range"):
        layer(np.array([5]))
    with pytest.raises(ValueError, match="id -1 is out of range"):
        layer(np.array([-1]))
    np.testing.assert_array_equal(layer(np.array([1.0])).numpy(), layer(np.array([1])).numpy())


def test_embedding_ids_are_not_rounded_in_half_precision():
    layer = layers.Embedding(3000, 1, dtype="mixed_float16", weights=np.arange(3000.0)[:, None])
    assert layer(np.array([2049.0, 2051.0])).numpy().ravel().tolist() == [
        2048.0,
        2052.0,
    ]  # float16 of rows 2049, 2051


def test_embedding_input_length_of_keras_2():
    with pytest.warns(UserWarning, match="input_length"):
        layers.Embedding(3, 2, input_length=5)


def test_masks_travel():
    x = np.array([[1, 2, 0, 0]])
    out = layers.Dense(2)(layers.Dropout(0.5)(layers.Embedding(3, 2, mask_zero=True)(x)))
    assert out._keras_mask.numpy().tolist() == [[True, True, False, False]]
    symbolic = layers.Dense(2)(layers.Embedding(3, 2, mask_zero=True)(KerasTensor((None, 4), "int32")))
    assert symbolic._keras_mask.shape == (None, 4) and symbolic._keras_mask.dtype == "bool"
    assert layers.Embedding(3, 2)(x)._keras_mask is None


def test_masking():
    x = ones(1, 3, 2)
    x[0, 1] = [9.0, 9.0]
    x[0, 2] = [9.0, 1.0]
    out = layers.Masking(9.0)(x)
    assert out._keras_mask.numpy().tolist() == [[True, False, True]]
    assert out.numpy().tolist() == [[[1.0, 1.0], [0.0, 0.0], [9.0, 1.0]]]


def test_softmax_mask():
    out = layers.Softmax()(ones(2, 3), mask=np.array([[True, True, False], [False, False, False]]))
    assert out.numpy().tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]
    out = layers.Softmax(dtype="float16")(ones(1, 3), mask=np.array([[True, True, False]]))
    assert out.numpy().tolist() == [[0.5, 0.5, 0.0]]


# ---- shapes --------------------------------------------------------------------------------------------------


def test_reshape_errors():
    with pytest.raises(
        ValueError, match=r"cannot reshape samples of shape \(12,\) \(12 elements\) to target_shape=\(5,\)"
    ):
        layers.Reshape((5,))(ones(2, 12))
    with pytest.raises(ValueError, match="a multiple of 5 elements"):
        layers.Reshape((5, -1))(ones(2, 12))
    with pytest.raises(ValueError, match="may have one -1"):
        layers.Reshape((-1, None))
    with pytest.raises(ValueError, match="cannot reshape samples"):
        layers.Reshape((2, 2))(KerasTensor((None, 3)))


def test_flatten_makes_both_formats_agree():
    x = np.arange(24.0).reshape(1, 2, 3, 4).astype("float32")
    first = layers.Flatten("channels_first")(np.moveaxis(x, -1, 1))
    np.testing.assert_array_equal(first.numpy(), layers.Flatten()(x).numpy())


def test_permute_and_repeat_errors():
    for dims in ((0, 1), (1, 3), (1, 1)):
        with pytest.raises(ValueError, match="dims must be a permutation"):
            layers.Permute(dims)
    with pytest.raises(ValueError, match="n must be a positive integer"):
        layers.RepeatVector(2.5)


def test_prelu_errors():
    with pytest.raises(ValueError, match="shared_axes"):
        layers.PReLU()(KerasTensor((None, None, 3)))
    with pytest.raises(ValueError, match="must lie in 1 to 1"):
        layers.PReLU(shared_axes=0)(ones(1, 2))


# ---- merging -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"]
)
def test_functional_forms(name):
    x, y = ones(2, 3), 2 * ones(2, 3)
    layer = getattr(layers, name.capitalize())
    wanted = (layer(axes=-1) if name == "dot" else layer())([x, y])
    np.testing.assert_array_equal(getattr(layers, name)([x, y]).numpy(), wanted.numpy())
    symbolic = getattr(layers, name)([KerasTensor((None, 3)), KerasTensor((None, 3))], name=f"my_{name}")
    assert symbolic.shape == (None, *wanted.shape[1:])


def test_merge_errors():
    with pytest.raises(ValueError, match="merges a list of tensors"):
        layers.Add()(ones(2, 3))
    with pytest.raises(ValueError, match="do not broadcast"):
        layers.Add()([ones(2, 3), ones(2, 4)])
    with pytest.raises(ValueError, match="different batch sizes"):
        layers.Add()([ones(2, 3), ones(3, 3)])
    with pytest.raises(ValueError, match="exactly 2 tensors, got 3"):
        layers.Subtract()([ones(2, 3)] * 3)
    with pytest.raises(ValueError, match="equal except along axis -1"):
        layers.Concatenate()([ones(2, 3), ones(2, 3, 4)])
    with pytest.raises(ValueError, match="axis 5 is out of range"):
        layers.Concatenate(axis=5)([ones(2, 3), ones(2, 3)])
    with pytest.raises(ValueError, match="axis 0 is the batch"):
        layers.Dot(0)([ones(2, 3), ones(2, 3)])
    with pytest.raises(ValueError, match=r"axis 1 of \(2, 3\) has size 3, axis 1 of \(2, 4\) has size 4"):
        layers.Dot(1)([ones(2, 3), ones(2, 4)])
    with pytest.raises(ValueError, match="one mask"):
        layers.Add().compute_mask([ones(2, 3), ones(2, 3)], [None])


def test_merge_of_one_and_of_many():
    assert layers.Add()([ones(2, 3)]).numpy().tolist() == ones(2, 3).tolist()
    assert layers.Average()([ones(2, 3)] * 4).numpy().tolist() == ones(2, 3).tolist()
    assert layers.Concatenate()((ones(2, 3), ones(2, 1))).shape == (2, 4)


# ---- Lambda --------------------------------------------------------------------------------------------------


@register_keras_serializable("tests")
def scaled(x, factor=2.0):
    return x * factor


def test_lambda_config():
    layer = layers.Lambda(scaled, arguments={"factor": 3.0}, output_shape=(3,))
    config = json.loads(json.dumps(layer.get_config()))
    assert config["function"]["config"] == "tests>scaled"
    assert config["output_shape"] == [3] and config["arguments"] == {"factor": 3.0} and "mask" not in config
    again = layers.Lambda.from_config(config)
    assert again(ones(1, 3)).numpy().tolist() == [[3.0, 3.0, 3.0]] and again.function is scaled
    with pytest.raises(ValueError, match="register_keras_serializable"):
        layers.Lambda(lambda x: x).get_config()


def test_lambda_shapes():
    assert layers.Lambda(scaled)(KerasTensor((None, 3))).shape == (None, 3)
    assert layers.Lambda(ops.sum).compute_output_shape((None, 3)) == ()
    assert layers.Lambda(scaled, output_shape=(7,)).compute_output_shape((None, 3)) == (None, 7)
    assert layers.Lambda(scaled, output_shape=lambda s: (s[0], 9)).compute_output_shape((None, 3)) == (
        None,
        9,
    )
    assert layers.Lambda(lambda xs: xs[0] + xs[1])([KerasTensor((None, 3))] * 2).shape == (None, 3)
    with pytest.raises(ValueError, match="output_shape must be a tuple"):
        layers.Lambda(scaled, output_shape=7)
    with pytest.raises(ValueError, match="function must be a function"):
        layers.Lambda(3)


def test_lambda_says_how_to_help_when_the_shape_is_unknown():
    with pytest.raises(TypeError) as caught:
        layers.Lambda(lambda x: np.asarray(x) * 2)(KerasTensor((None, 3)))
    assert "output_shape" in caught.value.__notes__[0]
    layer = layers.Lambda(lambda x: np.asarray(x) * 2, output_shape=(3,))
    assert layer(KerasTensor((None, 3))).shape == (None, 3)


def test_lambda_mask_and_training():
    seen = {}

    def note(x, mask=None, training=None):
        seen.update(mask=mask, training=training)
        return x

    x = ops.convert_to_tensor(ones(1, 2, 3))
    x._keras_mask = ops.convert_to_tensor(np.array([[True, False]]))
    layers.Lambda(note)(x, training=True)
    assert seen["training"] is True and seen["mask"].numpy().tolist() == [[True, False]]
    out = layers.Lambda(lambda x: x * 2, mask=lambda x, mask: ops.logical_not(mask))(x)
    assert out._keras_mask.numpy().tolist() == [[False, True]]
    assert layers.Lambda(lambda x: x * 2)(x)._keras_mask is None


# ---- ActivityRegularization ----------------------------------------------------------------------------------


def test_activity_regularization_inside_a_layer():
    class Block(Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.ActivityRegularization(l1=1.0)

        def call(self, inputs):
            return self.inner(inputs)

    block = Block()
    block(2 * ones(4, 3))
    assert [float(v) for v in block.losses] == [6.0]
    with pytest.raises(TypeError, match="takes l1 and l2"):
        layers.ActivityRegularization(activity_regularizer="l2")


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_average_pooling_takes_windows_of_two_as_in_keras_2(rank):
    layer = getattr(layers, f"AveragePooling{rank}D")()
    assert layer.pool_size == layer.strides == (2,) * rank
