"""Replaying computations whose shapes repeat: a training step, or a prediction, as one flat list of calls.

The eager computation is the reference: the first times it runs eagerly, two of them captured (`kx_tensor.capture`).
Where both captures are the same, nothing in it depends on what it computes with, and from then on the captured calls
run instead of layers, tensors and tape. Another shape, or any change to what the model holds, starts again.
"""

from kx_optimizers.loss_scale import LossScaleOptimizer
from kx_tensor import device as devices
from kx_tensor import tree
from kx_tensor.capture import CaptureRefused, Recorder, recording
from kx_tensor.structure import structure
from kx_tensor.tape import state
from kx_tensor.tensor import Tensor

_EAGER = 2  # batches of a shape before one is captured: the first builds what is built on first use
_MOST = 16  # captured shapes of one model; a model fed ever new shapes runs eagerly


class Steady:
    """What has been captured of one computation of a model, by the shapes and dtypes of its batches.

    Subclasses say in `plan` how results become raw arrays and back, in `recording` whether a tape has to be at work,
    and in `may_be_captured` for which models all that may be.
    """

    plan_class: type
    recording = False

    def __init__(self):
        self.version = None
        self.allowed = False
        self.plans = {}
        self.key = self.plan = None  # of the last batch

    def __getstate__(self):
        return vars(type(self)())  # what was captured holds the arrays of its model: a copy captures anew

    def run(self, model, eager, *batch):
        """Return what `eager(*batch)` returns."""
        if structure.version != self.version:
            self._start_again(model)
        device = devices.current()
        if (
            not self.allowed
            or device is not devices.cpu
            or state.scopes
            or state.recorder
            or state.recording is not self.recording
        ):
            return eager(*batch)
        plan = self.plan
        if plan is not None and plan.plain is not None and plan.kernels is device.kernels:
            # The usual case, without building a key.
            arrays = []
            for part, wanted in zip(batch, plan.plain):
                if part.__class__ is Tensor:
                    array = part.data
                    if (array.shape, array.dtype) != wanted:
                        break
                    arrays.append(array)
                elif part is not wanted:
                    break
            else:
                return plan.replay(model, arrays)
        leaves, key = _leaves_and_key(batch)
        if key != self.key:
            self.key = key
            self.plan = self.plans.get(key)
            if self.plan is None:
                self.plan = self.plans[key] = self.plan_class() if len(self.plans) < _MOST else _REFUSED
        plan = self.plan
        if plan.program is not None and plan.kernels is device.kernels:
            return plan.replay(model, leaves)
        if plan.why_not is not None:
            return eager(*batch)
        return plan.advance(model, eager, batch, leaves, device)

    def _start_again(self, model):
        self.version = structure.version
        self.allowed = self.may_be_captured(model)
        self.plans = {}
        self.key = self.plan = None

    def may_be_captured(self, model):
        """Whether all code of the computation is kx's own; see `_is_all_ours`."""
        raise NotImplementedError


class _Plan:
    """One shape of batches on its way from eager runs over two captures to replay."""

    program = None
    why_not = None
    captured = None
    kernels = None
    plain = None  # the shapes and dtypes of the arrays, where each part of a batch is one array or None
    runs = 0

    def advance(self, model, eager, batch, leaves, device):
        """Run eagerly, captured if enough runs came before; after the second capture decide."""
        self.runs += 1
        if self.runs <= _EAGER:
            return eager(*batch)
        recorder = Recorder(leaves, [v.data for v in model.variables])
        with recording(recorder):
            result = eager(*batch)
        tensors, others = self.taken_apart(model, result)
        if model._losses or model._loss_layers or not all(type(t) is Tensor for t in tensors):
            self.why_not = "it leaves losses with layers, or gives something else than tensors"
            return result
        if any(t._keras_mask is not None for t in tensors):
            self.why_not = "its results carry masks"
            return result
        try:
            program = recorder.finish([[t.data for t in tensors], *others])
        except CaptureRefused as reason:
            self.why_not = str(reason)
            return result
        if self.captured is None:
            self.captured = program
        elif program.same_as(self.captured):
            self.program, self.kernels, self.captured = program, device.kernels, None
            self.note_structure(result)
            if all(part is None or type(part) is Tensor for part in batch):
                self.plain = [None if part is None else (part.data.shape, part.data.dtype) for part in batch]
        else:
            self.why_not = "two captures of it differ"
        return result

    def note_outputs(self, y_pred):
        """Keep in which structure the model's outputs come."""
        self.single = type(y_pred) is Tensor
        self.outputs = len(tree.flatten(y_pred))
        self.structure = None if self.single else tree.map_structure(lambda t: None, y_pred)

    def outputs_of(self, arrays):
        """The model's outputs, in their structure, from the captured arrays of several."""
        return tree.pack_sequence_as(self.structure, [Tensor(array) for array in arrays])


# ---- training ----------------------------------------------------------------------------------------------------


class _StepPlan(_Plan):
    """Results: (loss, y_pred, gradients by trainable variable)."""

    def taken_apart(self, model, result):
        loss, y_pred, grads = result
        parts = model._compiled_loss.parts if model._compiled_loss is not None else []
        return [loss, *tree.flatten(y_pred), *parts], [grads]

    def note_structure(self, result):
        self.note_outputs(result[1])

    def replay(self, model, leaves):
        results, grads = self.program.run(*leaves)
        if len(results) > 1 + self.outputs:
            model._compiled_loss.parts = [Tensor(array) for array in results[1 + self.outputs :]]
        if self.single:
            return Tensor(results[0]), Tensor(results[1]), grads
        return Tensor(results[0]), self.outputs_of(results[1 : 1 + self.outputs]), grads


class SteadyStep(Steady):
    """The captured forward, loss and backward of a model's training step."""

    plan_class = _StepPlan
    recording = True

    def _start_again(self, model):
        super()._start_again(model)
        loss = model._compiled_loss
        if loss is not None and loss.losses is None:  # the first step will say which they are
            self.version, self.allowed = None, False

    def may_be_captured(self, model):
        # The scale of a LossScaleOptimizer is a number that changes from step to step.
        if not model.compiled or isinstance(model.optimizer, LossScaleOptimizer):
            return False
        loss = model._compiled_loss
        losses = [one for one in (loss.losses or ()) if one is not None] if loss is not None else []
        regularizers = [v.regularizer for v in model.trainable_variables if v.regularizer is not None]
        return _is_all_ours(model, (type(model).compute_loss, *regularizers), losses)


# ---- prediction --------------------------------------------------------------------------------------------------


class _ForwardPlan(_Plan):
    """Results: the model's outputs."""

    def taken_apart(self, model, result):
        return tree.flatten(result), []

    def note_structure(self, result):
        self.note_outputs(result)

    def replay(self, model, leaves):
        (results,) = self.program.run(*leaves)
        return Tensor(results[0]) if self.single else self.outputs_of(results)


class SteadyForward(Steady):
    """The captured outputs of a model at inference."""

    plan_class = _ForwardPlan

    def may_be_captured(self, model):
        return _is_all_ours(model)


_REFUSED = _Plan()
_REFUSED.why_not = "the model has seen too many shapes"


def _leaves_and_key(batch):
    """The raw arrays of a batch, and what says that another batch is alike: dtypes, shapes, places."""
    leaves, key = [], []
    for part in batch:
        if type(part) is Tensor:
            array = part.data
            leaves.append(array)
            key += array.shape, array.dtype
        else:
            for path, leaf in tree.flatten_with_path(part):
                array = getattr(leaf, "data", None)
                if array is not None:
                    leaves.append(array)
                key += path, getattr(array, "shape", None), getattr(array, "dtype", None)
    return leaves, tuple(key)


# ---- what may be captured ----------------------------------------------------------------------------------------


def _is_all_ours(model, functions=(), losses=()):
    """Whether all code that runs is kx's own, which keeps no state that a Recorder is not told of.

    A user's function may count calls, print, or look at values: it runs each time, eagerly.
    """
    if model.run_eagerly or getattr(model, "_graph", None) is None:
        return False
    layers = [layer for layer in model._flatten_layers() if layer is not model]
    methods = (type(model).__call__, type(model).call, *functions)
    return all(map(_is_ours, (*methods, *layers, *losses))) and all(map(_fields_are_ours, (*layers, *losses)))


_PACKAGES = frozenset(("kx_tensor", "kx_layers", "kx_losses", "kx_models"))


def _is_ours(thing):
    module = getattr(thing, "__module__", None) or ""
    return module.partition(".")[0] in _PACKAGES


def _fields_are_ours(thing):
    """Whether no field of an object holds somebody else's function; initializers run only once."""
    names = [name for name in getattr(type(thing), "__fields__", ()) if not name.endswith("initializer")]
    values = [getattr(thing, name) for name in names]
    return all(_is_ours(value) for value in values if callable(value))
