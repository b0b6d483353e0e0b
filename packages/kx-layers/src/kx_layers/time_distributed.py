"""`TimeDistributed`: a layer applied to every step of a sequence."""

from kx_io import register
from kx_layers.wrapper import Wrapper
from kx_tensor import ops, tree


@register("layers")
class TimeDistributed(Wrapper):
    """The layer applied to each step of a sequence. Shapes: (batch, steps, ...) -> (batch, steps, ...).

    The steps are put side by side as one large batch; a layer whose variables change in training (batch
    normalization) takes one step after the other then, as it looks at the batch as a whole.

    >>> import numpy as np
    >>> from kx_layers import Dense
    >>> TimeDistributed(Dense(4))(np.zeros((2, 5, 3))).shape
    (2, 5, 4)
    """

    supports_masking = True

    def build(self, input_shape):
        self._check_rank(input_shape)
        super().build((input_shape[0], *input_shape[2:]))

    def _check_rank(self, shape):
        if len(shape) < 3:
            raise ValueError(
                f"Layer {self.name!r}: TimeDistributed needs inputs (batch, steps, ...) with 3 or more axes, got "
                f"shape {tuple(shape)}."
            )

    def compute_output_shape(self, input_shape):
        self._check_rank(input_shape)
        inner = self.layer.compute_output_shape((input_shape[0], *input_shape[2:]))
        return tree.map_shape_structure(lambda shape: (shape[0], input_shape[1], *shape[1:]), inner)

    def call(self, inputs, training=None, mask=None):
        self._check_rank(inputs.shape)
        if not (self.layer._call_signature.masks and mask is not None and len(mask.shape) > 2):
            mask = None  # one for the steps as a whole, which the layer sees singly
        if training and self.layer.non_trainable_weights:
            steps = [
                self._apply(inputs[:, t], None if mask is None else mask[:, t], training)
                for t in range(inputs.shape[1])
            ]
            out = tree.map_structure(lambda *parts: ops.stack(parts, axis=1), *steps)
        else:
            lead = [-1 if n is None else n for n in inputs.shape[:2]]
            flat = None if mask is None else _side_by_side(mask)
            out = self._apply(_side_by_side(inputs), flat, training)
            out = tree.map_structure(lambda y: ops.reshape(y, (*lead, *y.shape[1:])), out)
        return tree.map_structure(lambda y: ops.cast(y, self.compute_dtype), out)

    def _apply(self, inputs, mask, training):
        kwargs = {} if mask is None else {"mask": mask}
        return self.layer(inputs, training=training, **kwargs)


def _side_by_side(x):
    batch, steps, *rest = x.shape
    return ops.reshape(x, (-1 if None in (batch, steps) else batch * steps, *rest))
