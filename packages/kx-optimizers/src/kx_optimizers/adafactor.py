"""Adafactor."""

from kx_io import field, non_negative, positive, register
from kx_optimizers.optimizer import Optimizer
from kx_tensor import device as devices
from kx_tensor.precision import narrow, widen


@register("optimizers")
class Adafactor(Optimizer):
    """Steps scaled by a mean square of gradients known by rows and columns, and by the size of the parameters.

    With beta = 1 - t**beta_2_decay and s = g**2 + epsilon_1, rows keep `r = beta r + (1 - beta) mean(s, -1)`, columns
    `c = beta c + (1 - beta) mean(s, -2)`, from which `v = r c / mean(r)`; vectors keep `v = beta v + (1 - beta) s`.
    Then u = g / sqrt(v), and `p -= max(epsilon_2, rms(p)) rate u / max(1, rms(u) / clip_threshold)`, where rate is the
    learning rate, with `relative_step` at most 1 / sqrt(t). Shazeer & Stern 2018, https://arxiv.org/abs/1804.04235

    >>> from kx_tensor import Variable
    >>> w = Variable([[2.0]])
    >>> Adafactor(learning_rate=0.25).apply([w], [w])
    >>> w.numpy()
    array([[1.5]], dtype=float32)
    """

    learning_rate: float = field(0.001)
    beta_2_decay: float = field(-0.8)
    epsilon_1: float = field(1e-30, check=non_negative)
    epsilon_2: float = field(1e-3, check=non_negative)
    clip_threshold: float = field(1.0, check=positive)
    relative_step: bool = field(True)

    def build(self, variables):
        """Create the state for `variables`; as in Keras, matrices keep `v` beside, and vectors two unused numbers."""
        if self.built:
            return
        super().build(variables)
        moments = {}
        for variable in self._trainable:
            shape, dtype = variable.shape, variable.dtype
            shapes = (shape[:-1], shape[:-2] + shape[-1:]) if len(shape) >= 2 else ((), ())
            with devices.device(variable.device.name):
                kept = [
                    self.add_variable(s, dtype=dtype if len(shape) >= 2 else "int32", name=variable.name)
                    for s in shapes
                ]
            if not variable.overwrite_with_gradient:
                moments[variable] = (*kept, self.add_variable_from_reference(variable, "velocity"))
        self.untracked("_moments", moments)

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable from its gradient."""
        xp, t = variable.device.xp, int(self.iterations) + 1
        p, g = widen(variable.data), widen(gradient.data)
        rate = xp.asarray(getattr(learning_rate, "data", learning_rate), p.dtype)
        if self.relative_step:
            rate = xp.minimum(rate, t**-0.5)
        new = t**self.beta_2_decay
        square = g * g + self.epsilon_1
        of_rows, of_columns, velocity = self._moments[variable]
        if p.ndim < 2:
            v = _moved(velocity, square, new)
        else:
            rows, columns = (
                _moved(of_rows, square.mean(axis=-1), new),
                _moved(of_columns, square.mean(axis=-2), new),
            )
            v = (rows / rows.mean(axis=-1, keepdims=True))[..., None] * columns[..., None, :]
            velocity.data[...] = narrow(v, velocity.data.dtype)
        u = g / xp.sqrt(v)
        u = u / xp.maximum(_rms(xp, u) / self.clip_threshold, 1.0)
        p = p - xp.maximum(_rms(xp, p), self.epsilon_2) * rate * u
        variable.data[...] = narrow(p, variable.data.dtype)


def _moved(average, value, new):
    """The moving average with the share `new` of `value`, which the variable keeps."""
    moved = (1.0 - new) * widen(average.data) + new * value
    average.data[...] = narrow(moved, average.data.dtype)
    return moved


def _rms(xp, x):
    return xp.sqrt((x * x).mean())
