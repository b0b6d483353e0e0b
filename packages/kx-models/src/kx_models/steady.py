"""Replaying a training step whose shapes repeat: forward, loss and backward as one flat list of calls.

The eager step is the reference: the first steps run eagerly, two of them captured (`kx_tensor.capture`). Where both
captures are the same, nothing in the step depends on what it computes with, and from then on the captured calls run
instead of layers, tensors and tape. Another shape, or any change to what the model holds, starts again.
"""

from kx_optimizers.loss_scale import LossScaleOptimizer
from kx_tensor import device as devices
from kx_tensor import tree
from kx_tensor.capture import CaptureRefused, Recorder, recording
from kx_tensor.structure import structure
from kx_tensor.tape import state
from kx_tensor.tensor import Tensor

_EAGER = 2  # steps of a shape before it is captured: the first builds what is built on first use
_MOST = 16  # captured shapes of one model; a model fed ever new shapes runs eagerly


class SteadyStep:
    """What has been captured of one model's training step, by the shapes and dtypes of its batches."""

    def __init__(self):
        self.version = None
        self.allowed = False
        self.plans = {}
        self.key = self.plan = None  # of the last batch

    def run(self, model, eager, x, y, sample_weight):
        """Return what `eager(x, y, sample_weight)` returns: (loss, y_pred, gradients by trainable variable)."""
        if structure.version != self.version:
            self._start_again(model)
        device = devices.current()
        if (
            not self.allowed
            or device is not devices.cpu
            or state.scopes
            or state.recorder
            or not state.recording
        ):
            return eager(x, y, sample_weight)
        plan = self.plan
        if plan is not None and sample_weight is None and x.__class__ is y.__class__ is Tensor:
            # The usual case, without building a key.
            a, b = x.data, y.data
            if plan.plain == (a.shape, a.dtype, b.shape, b.dtype) and plan.kernels is device.kernels:
                return plan.replay(model, (a, b))
        leaves, key = _leaves_and_key(x, y, sample_weight)
        if key != self.key:
            self.key = key
            self.plan = self.plans.get(key)
            if self.plan is None:
                self.plan = self.plans[key] = _Plan() if len(self.plans) < _MOST else _REFUSED
        plan = self.plan
        if plan.program is not None and plan.kernels is device.kernels:
            return plan.replay(model, leaves)
        if plan.why_not is not None:
            return eager(x, y, sample_weight)
        return plan.advance(model, eager, (x, y, sample_weight), leaves, device)

    def _start_again(self, model):
        loss = model._compiled_loss
        if loss is None or loss.losses is not None:  # else the first step will say which they are
            self.version = structure.version
        self.allowed = self.version is not None and _may_be_captured(model)
        self.plans = {}
        self.key = self.plan = None


class _Plan:
    """One shape of batches on its way from eager steps over two captures to replay."""

    program = None
    why_not = None
    captured = None
    kernels = None
    plain = None  # the shapes and dtypes of x and y, where they are one array each and there is nothing else
    steps = 0

    def advance(self, model, eager, batch, leaves, device):
        """Run an eager step, captured if enough have run; after the second capture decide."""
        self.steps += 1
        if self.steps <= _EAGER:
            return eager(*batch)
        variables = [v.data for v in model.variables]
        recorder = Recorder(leaves, variables)
        with recording(recorder):
            loss, y_pred, grads = result = eager(*batch)
        parts = model._compiled_loss.parts if model._compiled_loss is not None else []
        outputs = [loss, *tree.flatten(y_pred), *parts]
        if model._losses or model._loss_layers or not all(type(t) is Tensor for t in outputs):
            self.why_not = "the step leaves losses with layers, or gives something else than tensors"
            return result
        try:
            program = recorder.finish([[t.data for t in outputs], grads])
        except CaptureRefused as reason:
            self.why_not = str(reason)
            return result
        if self.captured is None:
            self.captured = program
        elif program.same_as(self.captured):
            self.program, self.kernels = program, device.kernels
            self.single = type(y_pred) is Tensor
            self.outputs = len(tree.flatten(y_pred))
            self.structure = None if self.single else tree.map_structure(lambda t: None, y_pred)
            self.captured = None
            if batch[2] is None and all(type(part) is Tensor for part in batch[:2]):
                self.plain = tuple(item for part in batch[:2] for item in (part.data.shape, part.data.dtype))
        else:
            self.why_not = "two captures of the step differ"
        return result

    def replay(self, model, leaves):
        """Run the captured calls on a batch."""
        results, grads = self.program.run(*leaves)
        if self.single and len(results) == 2:
            return Tensor(results[0]), Tensor(results[1]), grads
        loss, *rest = [Tensor(array) for array in results]
        preds, parts = rest[: self.outputs], rest[self.outputs :]
        model._compiled_loss.parts = parts
        return loss, preds[0] if self.single else tree.pack_sequence_as(self.structure, preds), grads


_REFUSED = _Plan()
_REFUSED.why_not = "the model has seen too many shapes"


def _leaves_and_key(x, y, sample_weight):
    """The raw arrays of a batch, and what says that another batch is alike: dtypes, shapes, places."""
    parts = (x, y) if sample_weight is None else (x, y, sample_weight)
    leaves, key = [], []
    for part in parts:
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
    return leaves, (len(parts), *key)


# ---- what may be captured ----------------------------------------------------------------------------------------


def _may_be_captured(model):
    """Whether all code of the step is kx's own, which keeps no state that a Recorder is not told of.

    A user's function may count calls, print, or look at values: it runs at each step, eagerly.
    """
    if model.run_eagerly or getattr(model, "_graph", None) is None or not model.compiled:
        return False
    # The scale of a LossScaleOptimizer is a number that changes from step to step.
    if isinstance(model.optimizer, LossScaleOptimizer):
        return False
    methods = (type(model).__call__, type(model).call, type(model).compute_loss)
    layers = [layer for layer in model._flatten_layers() if layer is not model]
    losses = (
        []
        if model._compiled_loss is None
        else [one for one in model._compiled_loss.losses if one is not None]
    )
    regularizers = [v.regularizer for v in model.trainable_variables if v.regularizer is not None]
    return all(map(_is_ours, (*methods, *layers, *losses, *regularizers))) and all(
        map(_fields_are_ours, (*layers, *losses))
    )


_PACKAGES = frozenset(("kx_tensor", "kx_layers", "kx_losses", "kx_models"))


def _is_ours(thing):
    module = getattr(thing, "__module__", None) or ""
    return module.partition(".")[0] in _PACKAGES


def _fields_are_ours(thing):
    """Whether no field of an object holds somebody else's function; initializers run only once."""
    names = [name for name in getattr(type(thing), "__fields__", ()) if not name.endswith("initializer")]
    values = [getattr(thing, name) for name in names]
    return all(_is_ours(value) for value in values if callable(value))
