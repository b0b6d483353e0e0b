"""Record how Keras writes ops in the config of a functional model: a model per expression, its config and its output.

KERAS_BACKEND=jax python tools/record/saved_ops.py packages/kx-models/tests/golden/saved_ops.json
"""

import gzip
import json
import sys

import numpy as np

INPUTS = {
    "x": "float32",
    "y": "float32",
    "i": "int32",
    "p": "bool",
    "q": "bool",
    "c": "float32",
}  # c: (2, 6, 6, 2)


def data():
    rng = np.random.default_rng(0)
    return {
        "x": rng.uniform(-1, 1, (2, 4)).astype("float32"),
        "y": rng.uniform(0.5, 2, (2, 4)).astype("float32"),
        "i": rng.integers(0, 4, (2, 4)).astype("int32"),
        "p": rng.uniform(size=(2, 4)) > 0.5,
        "q": rng.uniform(size=(2, 4)) > 0.5,
        "c": rng.uniform(-1, 1, (2, 6, 6, 2)).astype("float32"),
    }


EXPRESSIONS = """
x + y | x - y | x * y | x / y | x // y | x % y | x ** 2 | 2.0 - x | 2.0 / y | 2.0 ** x | -x | abs(x) | i + 1 | x + 1
x != y | x < y | x <= y | x > 0.5 | x >= y | p & q | p | q | p ^ q | ~p | ~i
x @ ops.transpose(y) | x[0] | x[:, 1] | x[:, 1:3] | x[..., None] | x[:, ::-1] | x[:, None, :2] | c[:, 1, 2:4, -1]
ops.add(x, y) | ops.subtract(x, 1) | ops.multiply(2.0, y) | ops.divide(x, y) | ops.true_divide(x, y)
ops.maximum(x, y) | ops.minimum(x, 0.0) | ops.power(y, 2) | ops.floor_divide(x, y) | ops.mod(x, y) | ops.arctan2(x, y)
ops.square(x) | ops.sqrt(y) | ops.rsqrt(y) | ops.exp(x) | ops.expm1(x) | ops.log(y) | ops.log1p(y) | ops.log2(y)
ops.log10(y) | ops.absolute(x) | ops.sign(x) | ops.sin(x) | ops.cos(x) | ops.tan(x) | ops.arcsin(x) | ops.arccos(x)
ops.arctan(x) | ops.sinh(x) | ops.cosh(x) | ops.tanh(x) | ops.arcsinh(x) | ops.arctanh(x) | ops.floor(x) | ops.ceil(x)
ops.round(x) | ops.round(x, decimals=1) | ops.reciprocal(y) | ops.negative(x) | ops.erf(x) | ops.trunc(x)
ops.arccosh(y + 1) | ops.nan_to_num(x) | ops.copy(x) | ops.clip(x, 0.0, 1.0)
ops.relu(x) | ops.relu6(x) | ops.sigmoid(x) | ops.softplus(x) | ops.softsign(x) | ops.silu(x) | ops.elu(x)
ops.elu(x, alpha=0.5) | ops.selu(x) | ops.gelu(x) | ops.gelu(x, approximate=False) | ops.leaky_relu(x)
ops.leaky_relu(x, negative_slope=0.1) | ops.hard_sigmoid(x) | ops.hard_silu(x) | ops.log_sigmoid(x) | ops.softmax(x)
ops.softmax(x, axis=0) | ops.log_softmax(x) | ops.celu(x) | ops.glu(x) | ops.hard_tanh(x) | ops.tanh_shrink(x)
ops.soft_shrink(x) | ops.hard_shrink(x) | ops.squareplus(x) | ops.sparse_plus(x)
ops.sparse_sigmoid(x) | ops.threshold(x, 0.1, 0.0)
ops.sum(x) | ops.sum(x, axis=1) | ops.sum(x, axis=(1,), keepdims=True) | ops.mean(x, axis=-1) | ops.max(x, axis=1)
ops.min(x, axis=1, keepdims=True) | ops.prod(x, axis=1) | ops.var(x, axis=1) | ops.std(x, axis=1) | ops.any(p, axis=1)
ops.all(p, axis=1) | ops.argmax(x, axis=1) | ops.argmin(x, axis=1) | ops.logsumexp(x, axis=1)
ops.cumsum(x, axis=1) | ops.cumprod(x, axis=1) | ops.median(x, axis=1) | ops.average(x, axis=1) | ops.sort(x, axis=1)
ops.argsort(x, axis=1) | ops.top_k(x, 2)[0] | ops.top_k(x, 2)[1] | ops.normalize(x) | ops.count_nonzero(x, axis=1)
ops.reshape(x, (-1, 2, 2)) | ops.transpose(c, (0, 3, 1, 2)) | ops.expand_dims(x, 1) | ops.squeeze(x[:, None], axis=1)
ops.concatenate([x, y], axis=1) | ops.concatenate([x, y]) | ops.stack([x, y], axis=1) | ops.split(x, 2, axis=1)[1]
ops.flip(x, axis=1) | ops.roll(x, 1, axis=1) | ops.repeat(x, 2, axis=1) | ops.tile(x, (1, 2)) | ops.swapaxes(c, 1, 2)
ops.moveaxis(c, 1, 2) | ops.ravel(x) | ops.pad(x, ((0, 0), (1, 1))) | ops.broadcast_to(x[:, None], (2, 3, 4))
ops.pad(x, ((0, 0), (1, 1)), mode="reflect") | ops.pad(x, ((0, 0), (1, 1)), constant_values=2) | ops.hstack([x, y])
ops.vstack([x, y]) | ops.unstack(x, 4, axis=1)[2] | ops.diagonal(c, axis1=1, axis2=2) | ops.tril(x) | ops.triu(x, k=1)
ops.where(p, x, y) | ops.where(p, x, 0.0) | ops.logical_and(p, q) | ops.logical_or(p, q) | ops.logical_not(p)
ops.logical_xor(p, q) | ops.equal(x, y) | ops.not_equal(i, 1) | ops.greater(x, y) | ops.greater_equal(x, 0)
ops.less(x, y) | ops.less_equal(x, y) | ops.isnan(x) | ops.isfinite(x) | ops.isinf(x) | ops.isclose(x, y)
ops.cast(x, "float16") | ops.cast(p, "float32") | ops.cast(i, "float32") | ops.zeros_like(x) | ops.ones_like(x)
ops.full_like(x, 2.0) | ops.stop_gradient(x) | ops.one_hot(i, 4) | ops.multi_hot(i, 4) | ops.take(x, i[0], axis=1)
ops.take_along_axis(x, i, axis=1) | ops.einsum("ij,ij->i", x, y) | ops.einsum("bhwc->bc", c) | ops.dot(x, ops.transpose(y))
ops.matmul(x, ops.transpose(y)) | ops.tensordot(x, y, axes=[[1], [1]]) | ops.outer(x, y) | ops.inner(x, y)
ops.average_pool(c, 2, strides=1, padding="same") | ops.layer_normalization(x)
ops.categorical_crossentropy(ops.softmax(x), ops.softmax(y)) | ops.binary_crossentropy(ops.sigmoid(x), ops.sigmoid(y))
ops.conv(c, ops.reshape(x, (1, 2, 2, 2))) | ops.conv(c, ops.reshape(x, (1, 2, 2, 2)), 2, padding="same")
ops.depthwise_conv(c, ops.reshape(x, (2, 2, 2, 1)), dilation_rate=2)
ops.bitwise_and(i, i) | ops.bitwise_or(i, i) | ops.left_shift(i, 1) | ops.hypot(x, y) | ops.logaddexp(x, y)
ops.sum(ops.square(x - ops.mean(x, axis=-1, keepdims=True)), axis=-1) | ops.exp(-ops.abs(x)) * ops.maximum(y, 0)
"""


def expressions():
    """The list of expressions; " | " with spaces parts them, and "p | q" is the one that has it inside."""
    parts = [part.strip() for line in EXPRESSIONS.strip().splitlines() for part in line.split(" | ")]
    place = parts.index("p & q") + 1
    parts[place : place + 2] = ["p | q"]
    return parts


def main(path):
    import keras
    from keras import ops

    values = data()
    recorded = {}
    for expression in expressions():
        keras.backend.clear_session()
        tensors = {
            name: keras.Input(value.shape[1:], batch_size=2, dtype=INPUTS[name], name=name)
            for name, value in values.items()
        }
        try:
            outputs = eval(expression, {"ops": ops, "abs": abs, **tensors})
            used = [name for name in tensors if any(c == name for c in _names(expression))]
            model = keras.Model([tensors[name] for name in used], outputs, name="model")
            result = np.asarray(model([values[name] for name in used]))
            config = json.loads(model.to_json())
        except Exception as error:
            print("not recorded:", expression, type(error).__name__, str(error)[:100])
            continue
        recorded[expression] = {
            "inputs": used,
            "layers": [entry for entry in config["config"]["layers"] if entry["class_name"] != "InputLayer"],
            "output_layers": config["config"]["output_layers"],
            "dtype": str(result.dtype),
            "result": np.asarray(result, "float64").round(7).tolist(),
        }
    inputs = {name: {"dtype": INPUTS[name], "value": value.tolist()} for name, value in values.items()}
    text = json.dumps({"inputs": inputs, "cases": recorded}, separators=(",", ":"))
    with open(path, "wb") as file:
        file.write(gzip.compress(text.encode("utf-8"), mtime=0))


def _names(expression):
    import ast

    return [node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)]


if __name__ == "__main__":
    main(sys.argv[1])
