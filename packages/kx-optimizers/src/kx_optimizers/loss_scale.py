"""Dynamic loss scaling for float16 training."""

from kx_io import CustomObjectScope, register, registry, serialize_keras_object
from kx_optimizers import matching
from kx_optimizers.optimizer import Optimizer
from kx_tensor import device as devices


@register("optimizers")
class LossScaleOptimizer(Optimizer):
    """Multiplies the loss by a scale so that small float16 gradients survive, and adapts the scale.

    `apply` divides the gradients by the scale and passes them to `inner_optimizer`. A gradient that is not
    finite halves the scale and skips the step; `dynamic_growth_steps` finite steps in a row double it.
    Clipping, weight decay and the like are arguments of the inner optimizer. Micikevicius et al., "Mixed
    Precision Training", 2018.

    >>> from kx_optimizers import SGD
    >>> optimizer = LossScaleOptimizer(SGD(0.1), initial_scale=1024.0)
    >>> optimizer.scale_loss(0.5)
    512.0
    """

    def __init__(
        self, inner_optimizer, initial_scale=32768.0, dynamic_growth_steps=2000, name=None, **kwargs
    ):
        if kwargs:
            raise TypeError(
                f"LossScaleOptimizer got an unexpected keyword argument {next(iter(kwargs))!r}. Pass "
                "arguments such as learning_rate, clipnorm or weight_decay to the inner optimizer."
            )
        inner_optimizer = registry("optimizers").get(inner_optimizer)
        if not isinstance(inner_optimizer, Optimizer) or isinstance(inner_optimizer, LossScaleOptimizer):
            raise TypeError(
                "LossScaleOptimizer wraps an optimizer that is not itself a LossScaleOptimizer, got "
                f"{inner_optimizer!r}."
            )
        if not dynamic_growth_steps > 0 or not initial_scale > 0:
            raise ValueError(
                "LossScaleOptimizer: initial_scale and dynamic_growth_steps must be positive, got "
                f"{initial_scale!r} and {dynamic_growth_steps!r}."
            )
        super().__init__(0.0, name=name)
        self.untracked("inner_optimizer", inner_optimizer)
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        with devices.device("cpu"):
            step_counter = self.add_variable((), dtype="int32", name="step_counter")
            dynamic_scale = self.add_variable((), float(initial_scale), "float32", name="dynamic_scale")
        self.untracked("step_counter", step_counter)
        self.untracked("dynamic_scale", dynamic_scale)

    @property
    def learning_rate(self):
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        if "inner_optimizer" in self.__dict__:
            self.inner_optimizer.learning_rate = value
        else:
            Optimizer.learning_rate.fset(self, value)

    @property
    def iterations(self):
        """The number of updates the inner optimizer made."""
        return self.inner_optimizer.iterations

    @property
    def variables(self):
        """All variables: the optimizer's own, then those of the inner optimizer."""
        return [*self._own_variables(), *self.inner_optimizer.variables]

    def build(self, variables):
        """Create the state of the inner optimizer for `variables`."""
        if self.built:
            return
        self.inner_optimizer.build(variables)
        self.untracked("_trainable", list(variables))
        self.untracked("_positions", self.inner_optimizer._positions)
        self.built = True

    def apply(self, grads, trainable_variables=None):
        """Pass the unscaled gradients on, unless one is not finite; adapt the scale."""
        if trainable_variables is None:
            matching.check_count(self, grads)
            trainable_variables = self._trainable
        elif not self.built:
            self.build(trainable_variables)
        raw = [None if g is None else matching.raw_gradient(self, g, 0) for g in grads]
        scale, counter = self.dynamic_scale.data, self.step_counter.data
        xp = self._trainable[0].device.xp
        if all(xp.isfinite(g).all() for g in raw if g is not None):
            size = float(scale)
            unscaled = [None if g is None else _wide(g) / size for g in raw]
            self.inner_optimizer.apply(unscaled, trainable_variables)
            counter[()] = (counter.item() + 1) % self.dynamic_growth_steps
            if not counter.item():
                scale[()] = size * 2.0
        else:
            counter[()] = 0
            scale[()] = float(scale) / 2.0

    def scale_loss(self, loss):
        """Return the loss times the current scale (and times the inner optimizer's `loss_scale_factor`)."""
        return self.inner_optimizer.scale_loss(loss) * float(self.dynamic_scale)

    def finalize_variable_values(self, var_list):
        """Set the variables to their moving averages, if the inner optimizer keeps them."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """Leave variables out of the inner optimizer's weight decay."""
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def get_config(self):
        """Return the arguments that make an optimizer like this one."""
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make an optimizer from what `get_config` gave."""
        with CustomObjectScope(custom_objects or {}):
            return cls(**config)


def _wide(g):
    return g.astype("float32") if g.dtype.itemsize < 4 else g
