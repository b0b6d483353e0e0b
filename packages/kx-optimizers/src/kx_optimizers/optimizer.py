"""`Optimizer`: the base that owns everything but the elementwise step, in one visible order.

A step of training is: scale and accumulate the gradients, clip them, decay the weights, run the step, average
the weights, constrain them. The step runs over flat buffers of all parameters (`kx_optimizers.flat`).
"""

import re
from operator import attrgetter

from kx_io import Check, CustomObjectScope, Fields, field, fraction, positive, serialize_keras_object
from kx_optimizers import learning_rates, matching, native, preparation
from kx_optimizers.flat import Group
from kx_optimizers.owner import Owner
from kx_tensor import RowSparse, Tensor, Variable, dtypes, naming, no_grad
from kx_tensor import device as devices

_shape = attrgetter("shape")
_at_least_two = Check(lambda x: x >= 2, "an {number} of at least 2")


class Optimizer(Fields, Owner):
    """Updates variables along their gradients; the base of all optimizers.

    A subclass declares its hyperparameters as fields, its state in `slots` (a tuple of names; names in an
    inner tuple are made variable by variable, as Keras lays them out), what depends on the step number alone
    in `constants`, and one elementwise, in-place `step`. Or it is written as in Keras: `build` makes
    variables with `add_variable_from_reference` and `update_step(gradient, variable, learning_rate)` updates
    one variable.

    Raises ValueError for gradients that do not match the variables in number or shape, for variables the
    optimizer was not built for, and if there is no gradient at all.

    >>> import numpy as np
    >>> class SignDescent(Optimizer):
    ...     def step(self, xp, p, g, slots, constants, scratch):
    ...         (learning_rate,) = constants
    ...         xp.sign(g, scratch[0])
    ...         xp.multiply(scratch[0], learning_rate, scratch[0])
    ...         xp.subtract(p, scratch[0], p)
    >>> w = Variable([1.0, 2.0])
    >>> SignDescent(learning_rate=0.5).apply([np.array([3.0, -4.0])], [w])
    >>> w.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    slots = ()
    temporaries = 1  # how many scratch arrays of the size of `p` the step needs
    elementwise = True  # False: the step needs each variable whole and by itself (it takes norms)

    learning_rate: float = field(first=True)
    weight_decay: float = field(None)
    clipnorm: float = field(None, check=positive)
    clipvalue: float = field(None, check=positive)
    global_clipnorm: float = field(None, check=positive)
    use_ema: bool = field(False)
    ema_momentum: float = field(0.99, check=fraction)
    ema_overwrite_frequency: int = field(None, check=positive)
    loss_scale_factor: float = field(None, check=positive)
    gradient_accumulation_steps: int = field(None, check=_at_least_two)
    name: str = field(None)

    _decay = None  # of Keras 1 and 2, where it was given

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # a subclass that gives another default means the same kind of field
        rate = cls.__fields__["learning_rate"]
        rate.to, rate.encode = learning_rates.standardize, learning_rates.saved

    @learning_rate.getter
    def learning_rate(self):
        return self._rate.current(self._iterations)

    @learning_rate.setter
    def learning_rate(self, value):
        if "_rate" not in self.__dict__:
            self.untracked("_given_rate", value)  # __post_init__ makes the variable, once the name is known
        else:
            self._set_rate(learning_rates.standardize(value))

    @property
    def lr(self):
        """The learning rate by its name of Keras 1 and 2, there the one that `decay` has not changed."""
        return learning_rates.Undecayed(self) if self._decay else self.learning_rate

    @lr.setter
    def lr(self, value):
        self.learning_rate = value

    def _accept_extra(self, extra):
        self.untracked("_decay", extra.pop("decay", None))
        return extra

    def __post_init__(self):
        if sum(c is not None for c in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ValueError(
                f"{type(self).__name__}: only one of clipnorm, clipvalue and global_clipnorm can be set, "
                f"got clipnorm={self.clipnorm}, clipvalue={self.clipvalue}, "
                f"global_clipnorm={self.global_clipnorm}."
            )
        if self.name is None:
            self.name = naming.auto_name(naming.to_snake_case(type(self).__name__))
        self.built = False
        self._variables = []
        for name, value in (
            ("_trainable", []),
            ("_matched", None),
            ("_groups", []),
            ("_excluded", ([], None)),
            ("_rate", None),
        ):
            self.untracked(name, value)
        # The step count and the learning rate live on the CPU, where reading them never waits for a GPU.
        with devices.device("cpu"):
            self.untracked("_iterations", self.add_variable((), dtype="int32", name="iteration"))
        self._set_rate(learning_rates.with_decay(type(self).__name__, self._given_rate, self._decay))

    def _set_rate(self, value):
        if self._rate is not None:
            old = self._rate.variable
            if old is not None and not callable(value):
                old.assign(value)
                return
            if self._decay and not callable(value):
                value = learning_rates.decayed(value, self._decay)
            elif old is None and not callable(value):
                raise TypeError(
                    f"The learning rate of {self.name!r} is a schedule, so it can't be set to {value!r}. "
                    "Assign a schedule, or create the optimizer with a number (learning_rate=0.01) to "
                    "change it later."
                )
            self._variables[:] = [v for v in self._variables if v is not old]
        if callable(value):
            self.untracked("_rate", learning_rates.Scheduled(value))
            return
        with devices.device("cpu"):
            variable = self.add_variable((), float(value), dtypes.floatx(), name="learning_rate")
        self.untracked("_rate", learning_rates.Constant(variable))

    # ---- state -------------------------------------------------------------------------------------------

    @property
    def iterations(self):
        """The number of updates made; with gradient accumulation, fewer than the calls of `apply`."""
        if self.gradient_accumulation_steps:
            count = self._iterations.data // self.gradient_accumulation_steps
            return Tensor(count, None, self._iterations.device)
        return self._iterations

    def build(self, variables):
        """Create the state for `variables` (once; a second call does nothing)."""
        self._check_initialized()
        if self.built:
            return
        variables = list(variables)
        self.untracked("_trainable", variables)
        self.untracked("_positions", {v: i for i, v in enumerate(variables)})
        self.untracked("_shapes", [tuple(v.data.shape) for v in variables])
        self.untracked("_direct", [i for i, v in enumerate(variables) if v.overwrite_with_gradient])
        self.untracked("_constrained", [v for v in variables if v.constraint is not None])
        self._group()
        kinds = {group.device.xp.ndarray for group in self._groups}
        self.untracked(
            "_raw_kind", kinds.pop() if len(kinds) == 1 else None
        )  # raw gradients of it need no look
        if self.use_ema:
            self._add_slots(("average",), lambda name, variable: "zeros")
        if self.gradient_accumulation_steps:
            self._add_slots(("gradient_accumulator",), lambda name, variable: "zeros", direct=True)
        rounds = [(names,) if isinstance(names, str) else names for names in self.slots]
        for names in rounds:
            self._add_slots(names, self.slot_initializer)
        for group in self._groups:
            group.allocate([name for names in rounds for name in names], self.temporaries)
        self.untracked("_one_by_one", type(self).update_step is not Optimizer.update_step)
        self.untracked("_served", native.serves(self._groups) and not self._one_by_one)
        self.built = True

    def _group(self):
        """Sort the variables by device, dtype and weight decay."""
        places = {}
        for i, v in enumerate(self._trainable):
            if not v.overwrite_with_gradient:
                places.setdefault((v.device.name, v.data.dtype, self._use_weight_decay(v)), []).append(i)
        groups = [
            Group(members, [self._trainable[i] for i in members], decays, whole=not self.elementwise)
            for (_, _, decays), members in places.items()
        ]
        self.untracked("_groups", groups)
        self.untracked("_homes", {i: (g, k) for g in groups for k, i in enumerate(g.places)})

    def _add_slots(self, names, initializer, direct=False):
        """Create the slots `names`, variable by variable; `direct`: also of variables merely overwritten."""
        self.__dict__.setdefault("_direct_accumulators", {})
        for i, variable in enumerate(self._trainable):
            for name in names:
                if i in self._homes:
                    slot = self.add_variable_from_reference(variable, name, initializer(name, variable))
                    group, _ = self._homes[i]
                    group.slots.setdefault(name, []).append(slot)
                elif direct:
                    self._direct_accumulators[i] = self.add_variable_from_reference(variable, name)

    def slot_initializer(self, name, variable):
        """Return the initial value of slot `name` of `variable` as `add_variable` takes it; zeros here."""
        return "zeros"

    def _get_variable_index(self, variable):
        return self._positions[variable]

    # ---- the update --------------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars):
        """Update variables from pairs `(gradient, variable)`; return the number of updates made so far."""
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)
        return self._iterations

    def apply(self, grads, trainable_variables=None):
        """Update the variables in place, one gradient (tensor, array or None) for each of them.

        Without `trainable_variables`, the gradients are those of the variables the optimizer was built for,
        in order.
        """
        if len(grads) == 0:
            return
        if trainable_variables is None:
            matching.check_count(self, grads)
        else:
            if not self.built:
                self.build(trainable_variables)
            if trainable_variables is not self._matched or len(grads) != len(self._trainable):
                grads = matching.in_order(self, grads, trainable_variables)
        raw, complete, sparse = [], True, False
        for g in grads:
            kind = type(g)
            if kind is Tensor:
                raw.append(g.data)
            elif kind is self._raw_kind:
                raw.append(g)
            elif kind is RowSparse:
                raw.append(g)
                sparse = True
            else:
                raw.append(None if g is None else matching.raw_gradient(self, g, len(raw)))
                complete = complete and g is not None
        if not complete:
            matching.report_missing(self, raw, trainable_variables)
        elif list(map(_shape, raw)) != self._shapes:
            matching.check_shapes(self, raw)
        counter = self._iterations.data
        t = counter.item()
        every = self.gradient_accumulation_steps
        updates = not every or (t + 1) % every == 0
        rule = native.rule_of(self) if self._served and devices.cpu.kernels is not None else None
        prepared = every or self.loss_scale_factor or self.clipnorm or self.clipvalue or self.global_clipnorm
        gathered = every or self._one_by_one or (prepared and rule is None)
        if sparse and (gathered or rule is None):
            raw = [g.dense() if type(g) is RowSparse else g for g in raw]
        parts = [group.part(raw, complete) for group in self._groups]
        if gathered:
            parts = preparation.prepare(self, parts, updates)
        if self._direct:
            self._overwrite(raw, updates)
        if updates:
            factors = native.factors(self, parts) if prepared and not gathered else None
            self._update(parts, rule, factors, t // every if every else t)
        counter[()] = t + 1

    def _update(self, parts, rule, factors, t):
        """Make update number `t` (from 0), with the kernel `rule` if there is one."""
        rate = self._rate.at(self._iterations.data.item())
        constants = self.constants(t + 1, rate)
        shrink = None if self.weight_decay is None else 1.0 - self.weight_decay * rate
        for i, (group, present, raw) in enumerate(parts):
            decay = shrink if group.decays else None
            if rule is not None:
                native.step(group, rule, constants, decay, present, raw, factors and factors[i])
            elif self._one_by_one:
                self._update_each(group, present, decay, rate)
            else:
                group.run(self.step, constants, decay, present, raw)
        if self.use_ema:
            self._average(t)
        for variable in self._constrained:
            with no_grad():
                variable.assign(variable.constraint(variable.value))

    def _update_each(self, group, present, decay, rate):
        rate = Tensor(group.device.asarray(rate, dtypes.as_numpy(dtypes.floatx())), None, group.device)
        with no_grad():
            for k in range(len(group.variables)) if present is None else present:
                variable = group.variables[k]
                if decay is not None:
                    variable.data[...] = variable.data * group.wide.type(decay)
                g = group.gradient_of(k).reshape(group.shapes[k]).astype(group.dtype, copy=False)
                self.update_step(Tensor(g, None, group.device), variable, rate)

    def constants(self, t, learning_rate):
        """Return what is the same for all elements in update number `t` (from 1), Python floats for `step`."""
        return (learning_rate,)

    def step(self, xp, p, g, slots, constants, scratch):
        """Update the flat arrays `p` (parameters) and `slots` in place from the gradient `g`.

        `g` is only read. `xp` is numpy or cupy; `scratch` holds `temporaries` arrays of the same size. All have
        the same float dtype.
        """
        raise NotImplementedError(f"{type(self).__name__} must define step(...) or update_step(...).")

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable from its gradient; a subclass written as in Keras overrides this."""
        group, k = self._homes[self._positions[variable]]
        group.adopt()
        every = self.gradient_accumulation_steps or 1
        constants = self.constants(self._iterations.data.item() // every + 1, float(learning_rate))
        raw = [None] * len(group.sizes)
        raw[k] = gradient.data if isinstance(gradient, (Tensor, Variable)) else group.device.asarray(gradient)
        group.run(self.step, constants, None, [k], raw)

    def _overwrite(self, raw, updates):
        """Overwrite variables with their gradient, with accumulation by the largest since the last update."""
        for i in self._direct:
            if raw[i] is None:
                continue
            data = self._trainable[i].data
            if not self.gradient_accumulation_steps:
                data[...] = raw[i]
                continue
            seen = self._direct_accumulators[i].data
            seen[...] = self._trainable[i].device.xp.maximum(seen, raw[i])
            if updates:
                data[...] = seen
                seen[...] = 0

    def _average(self, t):
        momentum = self.ema_momentum if t else 0.0  # the first update starts the average
        frequency = self.ema_overwrite_frequency
        for group in self._groups:
            group.average(momentum)
            if frequency and (t + 1) % frequency == 0:
                group.params[...] = group.buffers["average"]

    def finalize_variable_values(self, var_list):
        """Set the variables to their moving averages, if the optimizer keeps them (`use_ema`)."""
        if not self.use_ema:
            return
        if len(var_list) != len(self._trainable):
            raise ValueError(
                f"finalize_variable_values got {len(var_list)} variables, but the optimizer keeps the "
                f"averages of {len(self._trainable)}; pass the variables it was built for."
            )
        for group in self._groups:
            group.adopt()
            group.params[...] = group.buffers["average"]

    def stateless_apply(self, optimizer_variables, grads, trainable_variables):
        """Return `(new trainable values, new optimizer values)` and change no variable."""
        if not self.built:
            raise ValueError(
                f"To call stateless_apply, {type(self).__name__} must be built first: "
                "optimizer.build(trainable_variables)."
            )
        held = [*self._trainable, *self.variables]
        values = [*trainable_variables, *optimizer_variables]
        if len(values) != len(held):
            raise ValueError(
                f"stateless_apply expects {len(self._trainable)} trainable and {len(self.variables)} "
                f"optimizer values, got {len(trainable_variables)} and {len(optimizer_variables)}."
            )
        before = [v.data.copy() for v in held]
        try:
            for variable, value in zip(held, values, strict=True):
                variable.assign(value)
            self.apply(grads)
            after = [Tensor(v.data.copy(), None, v.device) for v in held]
        finally:
            for variable, value in zip(held, before, strict=True):
                variable.data[...] = value
        return after[: len(self._trainable)], after[len(self._trainable) :]

    def scale_loss(self, loss):
        """Return the loss times `loss_scale_factor`; `apply` divides the gradients by it."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # ---- weight decay ------------------------------------------------------------------------------------

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """Leave out of weight decay the variables in `var_list` and those whose name holds one of
        `var_names`.

        Must be called before the optimizer is built, else ValueError.
        """
        if self.built:
            raise ValueError("exclude_from_weight_decay() must be called before the optimizer is built.")
        pattern = re.compile("|".join(sorted(set(var_names)))) if var_names else None
        self.untracked("_excluded", (list(var_list or ()), pattern))

    def _use_weight_decay(self, variable):
        excluded, pattern = self._excluded
        if any(v is variable for v in excluded):
            return False
        return pattern is None or pattern.search(variable.name) is None

    # ---- saving ------------------------------------------------------------------------------------------

    def get_config(self):
        """Return the arguments that make an optimizer like this one, its learning rate as it is now."""
        config = super().get_config()
        if "learning_rate" in config and isinstance(self._rate, learning_rates.Scheduled):
            config["learning_rate"] = serialize_keras_object(self._rate.function)
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make an optimizer from what `get_config` gave."""
        with CustomObjectScope(custom_objects or {}):
            return super().from_config(config)
