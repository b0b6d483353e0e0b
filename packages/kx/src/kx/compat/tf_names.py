"""Which names of TensorFlow mean what in kx: the same function by another name, or advice."""

import importlib
import types

from kx_io.names import nearest
from kx_tensor import ops, random

# Names of TensorFlow whose first arguments are those of the kx function: "tf.X" is kx.ops.<value>.
_ALIKE = [
    "abs", "add", "ceil", "cond", "cos", "cosh", "divide", "einsum", "equal", "exp", "expand_dims", "expm1",
    "eye", "floor", "greater", "greater_equal", "less", "less_equal", "linspace", "log", "log1p",
    "logical_and", "logical_not", "logical_or", "maximum", "minimum", "multiply", "negative", "norm",
    "not_equal", "ones", "ones_like", "reciprocal", "repeat", "round", "rsqrt", "sigmoid", "sign", "sin",
    "sinh", "sort", "sqrt", "square", "squeeze", "stack", "stop_gradient", "subtract", "tan", "tanh",
    "tensordot", "tile", "unstack", "vectorized_map", "where", "while_loop", "zeros", "zeros_like", "argsort",
    "cross", "mod", "broadcast_to", "roll",
]  # fmt: skip
_NN = [
    "relu", "relu6", "sigmoid", "tanh", "softmax", "log_softmax", "softplus", "softsign", "elu", "leaky_relu", "selu",
    "silu", "swish", "moments",
]  # fmt: skip
SAME = {
    **{name: name for name in _ALIKE},
    "pow": "power", "truediv": "true_divide", "realdiv": "true_divide", "floordiv": "floor_divide",
    "reduce_mean": "mean", "reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod",
    "reduce_all": "all", "reduce_any": "any", "reduce_std": "std", "reduce_variance": "var",
    "reduce_logsumexp": "logsumexp", "range": "arange", "reverse": "flip", "map_fn": "map", "identity": "copy",
    "is_nan": "isnan", "is_inf": "isinf", "is_finite": "isfinite", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "atan2": "arctan2",
}  # fmt: skip
_MATH = {
    **SAME,
    **{name: name for name in ("erf", "top_k", "in_top_k", "softplus", "log_sigmoid", "argmax", "argmin")},
}
_RANDOM = {
    "categorical": "categorical",
    "normal": "normal",
    "uniform": "uniform",
    "truncated_normal": "truncated_normal",
    "shuffle": "shuffle",
}
_LINALG = {"matmul": "matmul", "norm": "norm", "einsum": "einsum"}

NAMESPACES = {"nn": {name: name for name in _NN}, "math": _MATH, "random": _RANDOM, "linalg": _LINALG}

# What to write for names that kx has under another name and with other arguments.
_ADVICE = {
    "nn.conv2d": "kx.ops.conv(x, kernel, strides, padding)", "nn.max_pool2d": "kx.ops.max_pool",
    "nn.avg_pool2d": "kx.ops.average_pool", "nn.dropout": "kx.random.dropout",
    "nn.embedding_lookup": "kx.ops.take(table, indices, axis=0)", "nn.l2_normalize": "kx.ops.normalize",
    "nn.batch_normalization": "kx.ops.batch_normalization", "gather_nd": "kx.ops.take_along_axis or indexing",
    "scatter_nd": "kx.ops.scatter", "boolean_mask": "indexing with a boolean array",
    "placeholder": "kx.Input", "Session": "nothing: a tensor has its value at once",
    "global_variables_initializer": "nothing: a variable has its value at once", "ConfigProto": "nothing",
    "Graph": "nothing: kx is eager", "py_function": "the function itself: kx is eager",
    "numpy_function": "the function itself: kx is eager", "image.resize": "kx.ops.image.resize",
    "train.AdamOptimizer": "kx.optimizers.Adam",
    "compat": "kx", "logging": "the module logging", "set_random_seed": "kx.utils.set_random_seed",
    "random.set_random_seed": "kx.utils.set_random_seed", "clip_by_global_norm": "the optimizer's global_clipnorm",
    "linalg.band_part": "kx.ops.tril and kx.ops.triu", "distribute": "nothing: kx trains on one device",
}  # fmt: skip


class Namespace:
    """`tf.nn`, `tf.math`, `tf.random`, `tf.linalg`: the functions that kx has, advice for the rest.

    >>> Namespace("nn").relu([-1.0, 2.0]).numpy()
    array([0., 2.], dtype=float32)
    """

    def __init__(self, name):
        self.name, self.table = name, NAMESPACES[name]

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if self.name == "random" and name == "set_seed":
            return random.set_random_seed
        found = self.table.get(name)
        if found is None:
            raise AttributeError(advice(f"tf.{self.name}.{name}", name), name=name)
        return getattr(random, found) if self.name == "random" else function_of(found)

    def squared_difference(self, x, y, name=None):
        """Return (x - y)^2: `tf.math.squared_difference`."""
        return ops.square(ops.subtract(x, y))

    def sigmoid_cross_entropy_with_logits(self, labels, logits, name=None):
        """Return the binary cross-entropy of each element: `tf.nn.sigmoid_cross_entropy_with_logits`."""
        return ops.binary_crossentropy(labels, logits, from_logits=True)

    def softmax_cross_entropy_with_logits(self, labels, logits, axis=-1, name=None):
        """Return the cross-entropy of each sample: `tf.nn.softmax_cross_entropy_with_logits`."""
        return ops.categorical_crossentropy(labels, logits, from_logits=True, axis=axis)

    def sparse_softmax_cross_entropy_with_logits(self, labels, logits, name=None):
        """Return -log p of the target classes: `tf.nn.sparse_softmax_cross_entropy_with_logits`."""
        return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)

    def __dir__(self):
        return list(self.table)


def function_of(name):
    """Return the kx op; it takes the argument `name` of TensorFlow's functions, and `x` as `input` or `input_tensor`.

    >>> function_of("mean")(input_tensor=[1.0, 3.0]).numpy().item()
    2.0
    """
    op = getattr(ops, name)

    def function(*args, **kwargs):
        kwargs.pop("name", None)
        if "alpha" in kwargs:
            kwargs["negative_slope"] = kwargs.pop("alpha")
        for key in ("input_tensor", "input", "tensor", "features", "logits", "values"):
            if key in kwargs and not args:
                args = (kwargs.pop(key),)
        return op(*args, **kwargs)

    function.__name__ = name
    function.__doc__ = f"`kx.ops.{name}`, by a name of TensorFlow."
    return function


def data():
    """Return what stands for `tf.data`: a namespace with `Dataset`, and `experimental` as in TensorFlow 2.

    >>> data().experimental.cardinality(data().Dataset.range(3))
    3
    """
    datasets = importlib.import_module("kx.datasets")
    names = ("AUTOTUNE", "Dataset", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY")
    shared = {name: getattr(datasets, name) for name in names}
    experimental = types.SimpleNamespace(cardinality=lambda dataset: dataset.cardinality(), **shared)
    return types.SimpleNamespace(experimental=experimental, **shared)


def strings():
    """Return what stands for `tf.strings`."""
    return importlib.import_module("kx.compat.tf_strings")


def advice(full, name):
    """Return the message for a name of TensorFlow that kx lacks.

    >>> advice("tf.nn.l2_normalize", "l2_normalize")
    'tf.nn.l2_normalize: kx has no TensorFlow. Write kx.ops.normalize.'
    """
    known = _ADVICE.get(full.removeprefix("tf."))
    if known is not None:
        return f"{full}: kx has no TensorFlow. Write {known}."
    if hasattr(ops, name):
        return f"{full}: kx has no TensorFlow. Write kx.ops.{name}."
    hint = nearest(name, [n for n in dir(ops) if not n.startswith("_")])
    return (
        f"{full}: kx has no TensorFlow, only tf.keras and the functions of kx.ops under their names of TensorFlow."
        f"{hint.replace('Did you mean', 'Did you mean kx.ops:')}"
    )
