"""`Owner`: the variables of an optimizer, how they are made, assigned and saved."""

import warnings

from kx_tensor import Tensor, Variable, dtypes, naming
from kx_tensor import device as devices
from kx_tensor.state import Stateful


class Owner(Stateful):
    """Has a `name` and variables, kept in the order in which Keras saves them."""

    @property
    def variables(self):
        """All variables of the optimizer, in the order in which Keras saves them."""
        return self._own_variables()

    def add_variable(
        self, shape, initializer="zeros", dtype=None, aggregation="none", layout=None, name=None
    ):
        """Create a variable of the optimizer, saved with it.

        `initializer` is "zeros", "ones", a number or a callable `(shape, dtype=...)`.
        """
        self._check_initialized()
        if not callable(initializer):
            initializer = _constant({"zeros": 0.0, "ones": 1.0}.get(initializer, initializer))
        with naming.name_scope(self.name):
            variable = Variable(
                initializer, shape, dtype, trainable=False, aggregation=aggregation, layout=layout, name=name
            )
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(self, reference_variable, name=None, initializer="zeros"):
        """Create a variable of the shape and dtype of `reference_variable`, named after it and `name`."""
        name = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        with devices.device(reference_variable.device.name):
            dtype = dtypes.name_of(reference_variable.data.dtype)
            return self.add_variable(reference_variable.shape, initializer, dtype, name=name)

    def add_optimizer_variables(self, trainable_variables, name, initializer="zeros"):
        """Create one variable for each of `trainable_variables` and each name in `name` (a string, or a list
        of strings).

        Return the list of them, or a tuple of lists; None stands for variables that are overwritten with
        their gradient.
        """
        names = [name] if isinstance(name, str) else list(name)
        initializers = (
            [initializer] * len(names)
            if isinstance(initializer, str) or callable(initializer)
            else initializer
        )
        if len(names) != len(initializers):
            raise ValueError(f"There must be one initializer for each name, got {names} and {initializers}.")
        made = tuple([] for _ in names)
        for variable in trainable_variables:
            for part, own_name, start in zip(made, names, initializers, strict=True):
                skip = variable.overwrite_with_gradient
                part.append(None if skip else self.add_variable_from_reference(variable, own_name, start))
        return made[0] if isinstance(name, str) else made

    def assign(self, variable, value):
        """Set `variable` to `value`."""
        variable.assign(value)

    def assign_add(self, variable, value):
        """Add `value` to `variable`."""
        variable.assign_add(value)

    def assign_sub(self, variable, value):
        """Subtract `value` from `variable`."""
        variable.assign_sub(value)

    def save_own_variables(self, store):
        """Write the variables into the mapping `store` under "0", "1", ..."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store):
        """Read what `save_own_variables` wrote; a state of another size is left out with a warning."""
        if len(store.keys()) != len(self.variables):
            warnings.warn(
                f"The state of optimizer {self.name!r} was not loaded: it has {len(self.variables)} "
                f"variables, the saved one {len(store.keys())}. Build it for the same variables and with "
                "the same arguments first.",
                stacklevel=2,
            )
            return
        for i, variable in enumerate(self.variables):
            variable.assign(store[str(i)])

    def set_weights(self, weights):
        """Set all variables of the optimizer from a list of arrays."""
        if len(weights) != len(self.variables):
            raise ValueError(
                f"Optimizer {self.name!r} has {len(self.variables)} variables, set_weights got "
                f"{len(weights)} arrays."
            )
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)

    def _check_initialized(self):
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                f"In optimizer {type(self).__name__!r}, call super().__init__(...) first in __init__()."
            )


def _constant(value):
    if isinstance(value, str):
        raise ValueError(
            f"Optimizer state starts from 'zeros', 'ones', a number or a callable, got {value!r}."
        )

    def full(shape, dtype):
        device = devices.current()
        return Tensor(device.xp.full(shape, value, dtypes.as_numpy(dtype)), None, device)

    return full
