"""`SpectralNormalization`: keeps the largest singular value of a layer's kernel at 1."""

from kx_io import field, positive, register
from kx_layers import initializers
from kx_layers.wrapper import Wrapper
from kx_tensor import ops
from kx_tensor.capture import effect
from kx_tensor.precision import widen


@register("layers")
class SpectralNormalization(Wrapper):
    """The wrapped layer, whose kernel is divided by its largest singular value at each call in training.

    The kernel (or `embeddings`) is seen as a matrix (..., c). Its largest singular value is estimated by
    `power_iterations` steps v = u W^T / |u W^T|, u = v W / |v W| from where the last call ended: `vector_u` (1, c).
    The divided kernel stays in the layer, and training goes on from it: gradients are those with respect to the divided
    kernel, as in Keras with PyTorch and TensorFlow. (With JAX, Keras differentiates the division and forgets it again.)
    Miyato et al. 2018, https://arxiv.org/abs/1802.05957

    >>> import numpy as np
    >>> from kx_layers import Dense
    >>> layer = SpectralNormalization(Dense(1, kernel_initializer="ones"))
    >>> layer(np.array([[3.0, 4.0]]), training=True).numpy().round(2)
    array([[4.95]], dtype=float32)
    """

    power_iterations: int = field(1, check=positive)

    def build(self, input_shape):
        super().build(input_shape)
        self.kernel = getattr(self.layer, "kernel", None)
        if self.kernel is None:
            self.kernel = getattr(self.layer, "embeddings", None)
        if self.kernel is None:
            raise ValueError(
                f"SpectralNormalization needs a layer with a kernel or embeddings, got {type(self.layer).__name__}."
            )
        self.vector_u = self.add_weight(
            (1, self.kernel.shape[-1]),
            initializers.TruncatedNormal(stddev=0.02),
            dtype=self.kernel.dtype,
            trainable=False,
            autocast=False,
            name="vector_u",
        )
        self.input_spec = self.layer.input_spec

    def call(self, inputs, training=False):
        if training:
            xp = self.kernel.device.xp
            effect(_divide_by_norm, self.kernel.data, self.vector_u.data, self.power_iterations, xp)
        out = self.layer(inputs)
        return out if out.dtype == self.compute_dtype else ops.cast(out, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)


def _divide_by_norm(kernel, vector_u, iterations, xp):
    """Divide a raw kernel by its largest singular value, in place; `vector_u` moves to the singular vector."""
    w, u = widen(kernel).reshape(-1, kernel.shape[-1]), widen(vector_u)
    for _ in range(iterations):
        v = _unit(xp, xp.matmul(u, w.T))
        u = _unit(xp, xp.matmul(v, w))
    norm = xp.sum(xp.matmul(v, w) * u)
    vector_u[...] = u
    kernel[...] = (w / norm).reshape(kernel.shape)


def _unit(xp, v):
    return v / xp.maximum(xp.sqrt(xp.sum(v * v)), 1e-12)
