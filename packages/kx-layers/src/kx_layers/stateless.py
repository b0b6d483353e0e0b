"""A layer run with values given for its variables, which are themselves left alone."""

import contextlib

from kx_tensor.primitive import as_operand
from kx_tensor.tensor import Tensor


@contextlib.contextmanager
def with_values(layer, trainable, non_trainable):
    """Let the layer's variables have these values inside the block.

    Gives a function that returns the non-trainable values as they are then. Raises ValueError if the values don't match
    the variables in number or shape, or if the layer is not built.

    >>> import numpy as np
    >>> from kx_layers.dense import Dense
    >>> layer = Dense(1, kernel_initializer="zeros")
    >>> layer.build((None, 2))
    >>> with with_values(layer, [np.ones((2, 1)), np.ones(1)], []):
    ...     print(layer(np.ones((1, 2))).numpy(), layer.kernel.numpy().sum())
    [[3.]] 2.0
    >>> layer.kernel.numpy().sum()
    np.float32(0.0)
    """
    if not layer.built:
        raise ValueError(
            f"To call stateless_call, {type(layer).__name__} {layer.name!r} must be built (i.e. its "
            "variables must have been "
            "already created). You can build it by calling it on some data."
        )
    variables = []
    for kind, own, given in (
        ("trainable", layer.trainable_variables, trainable),
        ("non_trainable", layer.non_trainable_variables, non_trainable),
    ):
        if len(own) != len(given):
            raise ValueError(
                f"Argument `{kind}_variables` must be a list of the values of layer.{kind}_variables: expected "
                f"{len(own)}, got {len(given)}."
            )
        variables += zip(own, given)
    kept = [(v, v.data, v.node) for v, _ in variables]
    try:
        for variable, value in variables:
            _set(variable, value)
        yield lambda: [Tensor(v.data.copy(), None, v.device) for v, _ in variables[len(trainable) :]]
    finally:
        for variable, data, node in kept:
            variable.data, variable.node = data, node


def _set(variable, value):
    tensor = as_operand(value, variable.device)
    if tensor.dtype != variable.data.dtype:
        tensor = tensor.astype(str(variable.data.dtype))
    if tensor.shape != variable.data.shape:
        raise ValueError(
            f"Variable {variable.path!r} has shape {tuple(variable.data.shape)}, the value given for it "
            f"{tuple(tensor.shape)}."
        )
    # The copy keeps an assignment during the call out of the caller's array.
    variable.data, variable.node = tensor.data.copy(), tensor.node
