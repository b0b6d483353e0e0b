"""The one way an operation is declared: forward, gradient rules, shape and dtype rules, kernels, cost, cases."""

import numpy as np

from kx_tensor import config, dtypes
from kx_tensor import device as devices
from kx_tensor.capture import constant
from kx_tensor.symbolic import GraphNode, KerasTensor
from kx_tensor.tape import Node, OutputNode, state
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

PRIMITIVES = {}  # name -> Primitive, in order of declaration
_SCALARS = frozenset((int, float, bool))
_MISSING = object()  # the default of a static parameter that has none
_SPECIAL = ("out", "saved", "needs", "i", "shapes")


def _argument_names(function):
    """The positional and the keyword-only argument names of a function, without the cost of `inspect.signature`."""
    code = function.__code__
    count = code.co_argcount
    return code.co_varnames[:count], code.co_varnames[count : count + code.co_kwonlyargcount]


def primitive(shape=None, dtype=None, *, like=None, outputs=1, variadic=False, saves=False):
    """Declare the decorated `forward(xp, *arrays, *, **params)` as a primitive operation.

    `shape` and `dtype` are rules (see kx_tensor.rules), `like` the composite twin of a fused operation, `outputs`
    the number of results (None: as many as the forward returns), `variadic` says that the one array argument is
    a list. With `saves` the forward and the kernels take `keep`, whether the call is recorded, and return
    `(result or results, saved)`: `saved` is whatever the gradient rule wants of the computation, and goes to it.
    """

    def declare(forward):
        return Primitive(forward, shape, dtype, like, outputs, variadic, saves)

    return declare


class Primitive:
    """An operation with its rules. Call it on tensors, arrays, numbers or symbolic tensors."""

    def __init__(self, forward, shape, dtype, like, outputs, variadic, saves):
        self.name = self.__name__ = self.__qualname__ = forward.__name__
        self.__doc__ = forward.__doc__
        self.__module__ = forward.__module__
        self.forward = forward
        self.shape_rule = shape
        self.dtype_rule = dtype
        self.like = like
        self.outputs = outputs
        self.variadic = variadic
        self.saves = saves
        names, keywords = _argument_names(forward)
        if saves:
            keywords = tuple([name for name in keywords if name != "keep"])
        self.array_names = names[1:]  # without xp
        self.arity = len(self.array_names)
        defaults = forward.__kwdefaults__ or {}
        self.statics = {name: defaults.get(name, _MISSING) for name in keywords}
        self.static_names = frozenset(self.statics)
        optional = forward.__defaults__ or ()
        self.optional = dict(zip(names[len(names) - len(optional) :], optional))
        self.parameters = (*self.array_names, *keywords)
        self.rules = (None,) * self.arity  # per array argument: (rule, names of what it needs)
        self.joint = None  # one rule for all arguments, on raw arrays
        self.kernels = {}  # backend -> [(forward, backward, guard)]
        self.cost = None
        self.cases = ()
        self._casts = {}  # dtypes of the arguments -> what each is cast to, None: nothing
        self._uncast = set()  # dtypes that all arguments may have uncast
        self._keeping = {}
        config.on_floatx_change(self._forget_casts)
        PRIMITIVES[self.name] = self

    def __reduce__(self):
        return self.__qualname__  # pickled as functions are: by name

    @property
    def __signature__(self):
        import inspect  # slow to load, and only help() and editors ask

        defaults = {**self.optional, **{k: v for k, v in self.statics.items() if v is not _MISSING}}
        kind, empty = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
        return inspect.Signature(
            [inspect.Parameter(n, kind, default=defaults.get(n, empty)) for n in self.parameters]
        )

    # ---- declaring -------------------------------------------------------------------------------------------

    def vjp(self, *rules):
        """Set one gradient rule `rule(F, g, <names>)` per array argument; None: not differentiable.

        Names: an array argument `x` (kept for the backward pass), `x_shape` (nothing is kept), `out`, a static
        parameter, `needs`; for a primitive that saves something `saved` instead of `out`; for a primitive over a
        list `xs` or just its `shapes`, and `i`, the place in it.
        """
        if len(rules) != self.arity:
            raise TypeError(f"{self.name}: {self.arity} gradient rules expected, got {len(rules)}.")
        self.rules = tuple(None if rule is None else (rule, *self._needed_by(rule)) for rule in rules)
        return self

    def vjp_joint(self, rule):
        """Set one rule `rule(xp, g, <names>)` on raw arrays that returns the gradients of all array arguments.

        `g` of a primitive with several outputs is a tuple, with None where no gradient arrived.
        """
        self.joint = (rule, *self._needed_by(rule))
        self.rules = (self.joint,) * self.arity
        return self

    def kernel(self, backend, forward=None, backward=None, when=None):
        """Add a kernel for `backend`: `forward(*arrays, **params)`, `backward(g, inputs, out, needs, params)`.

        `when(*arrays, **params)` is its guard: cheap, and exact about what the kernel can do. For a primitive that
        saves something the backward gets that in the place of `out`.
        """
        self.kernels.setdefault(backend, []).append((forward, backward, when))
        return self

    def _needed_by(self, rule):
        names = _argument_names(rule)[0][2:]
        known = {*self.array_names, *self.statics, *_SPECIAL, *(f"{n}_shape" for n in self.array_names)}
        known.discard("out" if self.saves else "saved")
        for name in names:
            if name not in known:
                raise TypeError(f"{self.name}: a gradient rule asks for {name!r}; known are {sorted(known)}.")
        return names, [self._source(name) for name in names]

    def _source(self, name):
        """Where the backward pass finds what a rule names: (kind, index or static parameter)."""
        if name in self.array_names and not self.variadic:
            return "input", self.array_names.index(name)
        if name in self.statics:
            return "static", name
        if name.endswith("_shape"):
            return "shape", self.array_names.index(name.removesuffix("_shape"))
        if name == "saved":
            return "out", None
        return ("list" if name in self.array_names else name), None

    def _plan_keeping(self, tracked):
        """What to keep for the backward pass if the arguments with a bit in `tracked` have a history.

        (whether to keep each argument, whether that is all of them, whether to keep the result).
        """
        live = [i for i in range(self.arity) if tracked >> i & 1 and (self.rules[i] or self.like)]
        if not live:
            self._keeping[tracked] = None, False, False
            return None, False, False
        named = {name for i in live if self.rules[i] for name in self.rules[i][1]}
        # The twin of a fused primitive, run again for a second derivative, needs every input.
        keeps = [self.like is not None or name in named for name in self.array_names]
        self._keeping[tracked] = keeps, all(keeps), self.saves or "out" in named
        return self._keeping[tracked]

    # ---- calling ---------------------------------------------------------------------------------------------

    def __call__(self, *args, **params):
        if len(args) != self.arity or (params and not params.keys() <= self.static_names):
            args, params = self._bind(args, params)
        if self.variadic:
            return self._call_variadic(args[0], params)
        raw, nodes = [], []
        tracked, bit = 0, 1  # one bit per argument: whether it has a tape node
        device = common = None
        for arg in args:
            kind = arg.__class__
            if kind is Tensor:
                data, node, place = arg.data, arg.node, arg.device
            elif kind is Variable:  # the same, apart: attribute look-ups of one class are faster
                if state.autocast is not None:
                    return self._call_converted(args, params)
                data, node, place = arg.data, arg.node, arg.device
            elif kind is float or kind is int or kind is bool or arg is None:
                raw.append(arg)
                nodes.append(None)
                common = None
                bit <<= 1
                continue
            else:
                return self._call_converted(args, params)
            raw.append(data)
            nodes.append(node)
            if node is not None:
                tracked |= bit
            bit <<= 1
            if device is None:
                device = place
                common = data.dtype if bit == 2 else None
            elif device is not place:
                raise self._mixed_devices(args)
            elif data.dtype is not common:
                common = None
        if device is None:
            return self._call_converted(args, params)
        if common is None or common not in self._uncast:
            raw = self._cast(raw, params, device.xp)
        return self._run(args, raw, nodes, params, tracked, device)

    def _run(self, args, raw, nodes, params, tracked, device):
        """Compute from raw arrays of the right dtypes, and record the call if an argument is `tracked`."""
        options = params
        if self.saves:
            options = {**params, "keep": bool(tracked) and state.recording}
        kernel = backward = None
        try:
            if self.kernels and device.kernels in self.kernels:
                kernel, backward = self._fitting(self.kernels[device.kernels], raw, options)
            if state.recorder is not None:
                out = self._run_recorded(args, raw, options, kernel, device)
            elif kernel is not None:
                out = kernel(*raw, **options)
            else:
                out = self.forward(device.xp, *raw, **options)
        except (ValueError, TypeError, IndexError) as error:
            if isinstance(params.get("shape"), (tuple, list)) and None in params["shape"]:
                return self._call_symbolic(args, params)  # a size of a symbolic tensor, inside a layer
            self._explain(args, params, error)
            raise
        if self.saves:
            out, saved = out
            return self._wrap_outputs(raw, nodes, out, saved, params, tracked, device, backward)
        if self.outputs != 1:
            return self._wrap_outputs(raw, nodes, out, out, params, tracked, device, backward)
        if not tracked or not state.recording:
            return Tensor(out, None, device)
        keeps, keeps_all, keeps_out = self._keeping.get(tracked) or self._plan_keeping(tracked)
        if keeps is None:
            return Tensor(out, None, device)
        if not keeps_all:
            raw = [x if kept else None for x, kept in zip(raw, keeps)]
        kept_out = out if keeps_out else None
        return Tensor(
            out, Node(self, nodes, raw, kept_out, params, out.shape, out.dtype, device, backward), device
        )

    @staticmethod
    def _fitting(kernels, raw, options):
        """The forward and the backward of the first kernel whose guard accepts; None for what it leaves to the ops."""
        for forward, backward, guard in kernels:
            if guard is None or guard(*raw, **options):
                return forward, backward
        return None, None

    def _run_recorded(self, args, raw, options, kernel, device):
        """Compute as `_run` does, telling the recorder: of the casts, and of the kernel or forward that runs."""
        recorder = state.recorder
        recorder.note_casts(args, raw)
        if kernel is not None:
            return recorder.call(kernel, *raw, **options)
        return recorder.call(self.forward, device.xp, *raw, **options)

    def _wrap_outputs(self, raw, nodes, out, saved, params, tracked, device, backward):
        """The results of a primitive that has several, or saves something for its gradient rule."""
        keeps = None
        if tracked and state.recording:
            keeps, _, keeps_out = self._keeping.get(tracked) or self._plan_keeping(tracked)
        if keeps is None:
            return (
                Tensor(out, None, device)
                if self.outputs == 1
                else tuple([Tensor(o, None, device) for o in out])
            )
        inputs = [x if kept else None for x, kept in zip(raw, keeps)]
        kept = saved if keeps_out else None
        if self.outputs == 1:
            return Tensor(
                out, Node(self, nodes, inputs, kept, params, out.shape, out.dtype, device, backward), device
            )
        out = tuple(out)
        shapes, kinds = [o.shape for o in out], [o.dtype for o in out]
        node = Node(self, nodes, inputs, kept, params, shapes, kinds, device, backward)
        ends = [
            OutputNode(node, i, o.shape, o.dtype, device) if o.dtype.kind in "fcV" else None
            for i, o in enumerate(out)
        ]
        return tuple([Tensor(o, n, device) for o, n in zip(out, ends)])

    def _call_converted(self, args, params):
        """The call path for anything but tensors and numbers: symbolic tensors, NumPy arrays, lists, None."""
        if any(isinstance(a, KerasTensor) for a in args):
            return self._call_symbolic(args, params)
        device = next((a.device for a in args if isinstance(a, (Tensor, Variable))), None)
        scalars_stay = device is not None or any(isinstance(a, np.ndarray) for a in args)
        device = device or devices.current()
        args = tuple([as_operand(a, device, scalars_stay) for a in args])
        for a in args:
            if a.__class__ is Tensor and a.device is not device:
                raise self._mixed_devices(args)
        raw = [a.data if a.__class__ is Tensor else a for a in args]
        nodes = [a.node if a.__class__ is Tensor else None for a in args]
        tracked = sum(1 << i for i, node in enumerate(nodes) if node is not None)
        return self._run(args, self._cast(raw, params, device.xp), nodes, params, tracked, device)

    def _call_variadic(self, xs, params):
        if isinstance(xs, (Tensor, Variable, np.ndarray)) and len(xs.shape):
            xs = [xs[i] for i in range(xs.shape[0])]
        if any(isinstance(x, KerasTensor) for x in xs):
            return self._call_symbolic(tuple(xs), params)
        device = next((x.device for x in xs if isinstance(x, (Tensor, Variable))), None) or devices.current()
        xs = [as_operand(x, device, False) for x in xs]
        if any(x.device is not device for x in xs):
            raise self._mixed_devices(xs)
        raw = [x.data for x in xs]
        tracked = any(x.node is not None for x in xs)
        raw = self._cast(raw, params, device.xp)
        try:
            if state.recorder is None:
                out = self.forward(device.xp, raw, **params)
            else:
                state.recorder.note_casts(xs, raw)
                out = state.recorder.call(self.forward, device.xp, raw, **params)
        except (ValueError, TypeError, IndexError) as error:
            self._explain(xs, params, error)
            raise
        if not (tracked and state.recording):
            return Tensor(out, None, device)
        parents = tuple([x.node for x in xs])
        kept = raw if "xs" in self.rules[0][1] else [x.shape for x in raw]
        keeps_out = "out" in self.rules[0][1]
        node = Node(self, parents, kept, out if keeps_out else None, params, out.shape, out.dtype, device)
        return Tensor(out, node, device)

    def _bind(self, args, params):
        """Sort arguments given in any spelling into (all array arguments, static parameters)."""
        takes = f"it takes ({', '.join(self.parameters)})"
        if len(args) > len(self.parameters):
            raise TypeError(f"{self.name}() got {len(args)} arguments; {takes}.")
        given = dict(zip(self.parameters, args))
        for name, value in params.items():
            if name in given:
                raise TypeError(f"{self.name}() got two values for argument {name!r}.")
            given[name] = value
        arrays = []
        for name in self.array_names:
            if name not in given and name not in self.optional:
                raise TypeError(f"{self.name}() misses the argument {name!r}; {takes}.")
            arrays.append(given.pop(name) if name in given else self.optional[name])
        for name in given:
            if name not in self.statics:
                raise TypeError(f"{self.name}() got an unknown argument {name!r}; {takes}.")
        for name, default in self.statics.items():
            if default is _MISSING and name not in given:
                raise TypeError(f"{self.name}() misses the argument {name!r}; {takes}.")
        return tuple(arrays), given

    # ---- dtypes and shapes -----------------------------------------------------------------------------------

    def _cast(self, raw, params, xp):
        if self.dtype_rule is None:
            return raw
        key = tuple([getattr(a, "dtype", None) or type(a) for a in raw])
        plan = self._casts.get(key, self)
        if plan is self:
            plan = self._plan_cast(key, params)
        if plan is None:
            return raw
        return [
            a if to is None or a is None else (a.astype(to) if hasattr(a, "dtype") else _number(xp, a, to))
            for a, to in zip(raw, plan)
        ]

    def _plan_cast(self, key, params):
        """Which arrays are cast to what before the forward: a list of NumPy dtypes or None, or None for no cast."""
        names = [_dtype_key_name(k) for k in key]
        full = {**self.statics, **params}
        targets, _ = self.dtype_rule([n for n in names if n != "none"], full)
        if targets is None or isinstance(targets, str):
            targets = [targets] * len(key)
        elif len(targets) < len(key):  # an optional array that was not given
            rest = iter(targets)
            targets = [None if n == "none" else next(rest) for n in names]
        plan = []
        # A Python number takes the float dtype of an array beside it by itself.
        beside = {t for k, t in zip(key, targets) if k not in _SCALARS}
        for k, target in zip(key, targets):
            to = None if target is None or k is type(None) else dtypes.as_numpy(target)
            plain = to is not None and (k == to or (k in _SCALARS and to.kind == "f" and target in beside))
            plan.append(None if plain else to)
        if all(to is None for to in plan):
            plan = None
        if not getattr(self.dtype_rule, "reads_params", False):
            self._casts[key] = plan
            if plan is None and len(set(key)) == 1:
                self._uncast.add(key[0])
        return plan

    def _forget_casts(self):
        self._casts.clear()
        self._uncast.clear()

    def infer(self, args, params):
        """Return [(shape, dtype), ...] of the outputs for symbolic or real arguments, by the rules alone."""
        params = {**self.statics, **params}
        if self.shape_rule is None:
            return self._infer_from_twin(args, params)
        given = [
            a if hasattr(a, "dtype") or type(a) in _SCALARS else to_raw(a, devices.cpu)
            for a in args
            if a is not None
        ]
        names = [_dtype_key_name(getattr(a, "dtype", None) or type(a)) for a in given]
        shape = self.shape_rule([tuple(getattr(a, "shape", ())) for a in given], params)
        dtype = (
            self.dtype_rule(names, params)[1] if self.dtype_rule is not None else dtypes.result_type(names[0])
        )
        if self.outputs == 1:
            return [(tuple(shape), dtype)]
        if isinstance(dtype, str):
            dtype = [dtype] * len(shape)
        return [(tuple(s), d) for s, d in zip(shape, dtype)]

    def _infer_from_twin(self, args, params):
        symbolic = [KerasTensor(a.shape, a.dtype) if hasattr(a, "shape") else a for a in args]
        out = self.like(*symbolic, **params)
        outs = out if isinstance(out, (tuple, list)) else [out]
        return [(o.shape, o.dtype) for o in outs]

    def _call_symbolic(self, args, params):
        try:
            results = self.infer(args, params)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error} Received: {self._describe(args, params)}.") from None
        node = GraphNode(self, ([*args],) if self.variadic else args, dict(params))
        outs = tuple([KerasTensor(s, d, node=node, index=i) for i, (s, d) in enumerate(results)])
        node.finish(outs)
        return outs[0] if self.outputs == 1 else outs

    def _explain(self, args, params, error):
        """Raise a readable error if the shape rule finds what is wrong; else return."""
        if self.shape_rule is None and self.like is None:
            return
        try:
            self.infer(args, params)
        except ValueError as reason:
            text = f"{self.name}: {reason} Received: {self._describe(args, params)}."
            raise ValueError(text) from None
        except (TypeError, IndexError, AttributeError):
            return

    def _describe(self, args, params):
        names = [f"xs[{i}]" for i in range(len(args))] if self.variadic else self.array_names
        parts = [
            f"{n} of shape {tuple(a.shape)} and dtype {a.dtype}" if hasattr(a, "shape") else f"{n}={a!r}"
            for n, a in zip(names, args)
            if a is not None
        ]
        return ", ".join(parts + [f"{k}={v!r}" for k, v in params.items()])

    def _mixed_devices(self, args):
        places = ", ".join(f"{a.device.name}" for a in args if isinstance(a, (Tensor, Variable)))
        return ValueError(
            f"{self.name}: arguments on different devices ({places}). Move one with `x.to('cpu')`."
        )

    def __repr__(self):
        return f"<kx op {self.name}>"


def _number(xp, value, dtype):
    """A Python number as a 0-d array; integers out of range wrap around, as those of arrays do."""
    if dtype.kind in "iu" and value.__class__ is int:
        span = 1 << 8 * dtype.itemsize
        value %= span
        if dtype.kind == "i" and value >= span >> 1:
            value -= span
    return xp.asarray(value, dtype)


def as_operand(value, device, scalars_stay=False):
    """Return an argument of an op as a Tensor of `device`; None and (on request) Python numbers stay as they are."""
    if value is None or value.__class__ is Tensor:
        return value
    if isinstance(value, Variable):
        return value.value
    if isinstance(value, (int, float)) and not isinstance(value, np.generic):
        if scalars_stay:
            return value
        dtype = dtypes.standardize_dtype(type(value))
        if dtype == "int32" and not -(2**31) <= value < 2**31:
            dtype = "int64"
        return Tensor(constant(device.asarray(value, dtypes.as_numpy(dtype))), None, device)
    return Tensor(to_raw(value, device), None, device)


def to_raw(value, device, dtype=None):
    """Return an array-like (NumPy array, nested lists, numbers) as a raw array; Python floats become floatx."""
    if isinstance(value, (Tensor, Variable)):
        raw = value.data if value.device is device else device.asarray(value.numpy())
        return raw if dtype is None else raw.astype(dtype, copy=False)
    if isinstance(value, KerasTensor):
        raise TypeError("A symbolic tensor has no value; it can't be mixed into an array.")
    if dtype is None and not hasattr(value, "dtype"):
        value = np.asarray(value)
        if value.dtype == np.float64:
            dtype = dtypes.as_numpy(dtypes.floatx())
        elif value.dtype == np.int64:
            dtype = np.dtype("int32") if value.size == 0 or abs(value).max() < 2**31 else value.dtype
    if hasattr(value, "detach"):  # a PyTorch tensor that requires gradients refuses np.asarray
        value = value.detach().cpu().numpy()
    return device.asarray(value, dtype)


def _dtype_key_name(key):
    """The dtype name of a raw array's dtype, a dtype name, or (weak) the class of a Python number."""
    if isinstance(key, str):
        return key
    if key in _SCALARS:
        return key.__name__
    return "none" if key is type(None) else dtypes.standardize_dtype(key)
