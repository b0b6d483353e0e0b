"""`Input`: where data enters a graph."""

from kx_io import register
from kx_layers.layer import Layer
from kx_tensor import dtypes
from kx_tensor.symbolic import GraphNode, KerasTensor, standardize_shape


@register("layers")
class InputLayer(Layer):
    """The layer behind `Input`: it holds the shape and dtype of the data and passes them on."""

    def __init__(
        self,
        shape=None,
        batch_size=None,
        dtype=None,
        sparse=None,
        ragged=None,
        batch_shape=None,
        input_tensor=None,
        optional=False,
        name=None,
        **kwargs,
    ):
        if sparse or ragged:
            raise ValueError("kx has dense tensors only: sparse=True and ragged=True are not supported.")
        for old in ("input_shape", "batch_input_shape"):  # the names of Keras 1 and 2
            if old in kwargs:
                given = kwargs.pop(old)
                shape, batch_shape = (given, batch_shape) if old == "input_shape" else (shape, given)
        super().__init__(name=name)
        if kwargs:
            raise TypeError(f"InputLayer got an unexpected keyword argument {next(iter(kwargs))!r}.")
        if input_tensor is not None:
            if not isinstance(input_tensor, KerasTensor):
                raise ValueError(
                    f"Argument `tensor` must be a KerasTensor, got {type(input_tensor).__name__}."
                )
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        elif shape is not None and batch_shape is not None:
            raise ValueError("You cannot pass both `shape` and `batch_shape` at the same time.")
        elif shape is None and batch_shape is None:
            raise ValueError(
                "You must pass a `shape` argument, e.g. Input(shape=(784,)), without the batch axis."
            )
        if shape is not None:
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
            batch_shape = (batch_size, *shape)
        self.batch_shape = standardize_shape(batch_shape)
        self.optional = optional
        self._dtype = dtypes.standardize_dtype(dtype)
        self.built = True
        node = GraphNode(self, (), {})
        tensor = KerasTensor(self.batch_shape, self._dtype, name=self.name, node=node)
        node.finish((tensor,))
        self._inbound_nodes.append(node)
        self.untracked("_tensor", tensor)

    @property
    def dtype(self):
        return self._dtype

    @dtype.setter
    def dtype(self, value):
        self.dtype_policy = value

    def call(self, inputs):
        return inputs

    def get_config(self):
        return {
            "batch_shape": self.batch_shape, "dtype": self.dtype, "sparse": False, "ragged": False, "name": self.name,
            "optional": self.optional,
        }  # fmt: skip


def Input(
    shape=None,
    batch_size=None,
    dtype=None,
    sparse=None,
    ragged=None,
    batch_shape=None,
    name=None,
    tensor=None,
    optional=False,
):
    """Return a symbolic tensor for data of this shape (without the batch axis), the start of a functional model.

    >>> Input(shape=(784,)).shape
    (None, 784)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer._tensor
