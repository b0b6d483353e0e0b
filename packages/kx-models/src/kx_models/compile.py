"""What `compile` is given, resolved against a model's outputs: losses, weights, metrics per output."""

from kx_io import registry
from kx_losses.loss import Loss, LossFunctionWrapper
from kx_losses.metric import Metric
from kx_losses.resolution import resolve_metric
from kx_tensor import tree
from kx_tensor.state import Stateful


class CompiledLoss:
    """The losses of all outputs as one: `loss(y_true, y_pred, sample_weight)` gives the weighted sum.

    `parts` after a call holds the unweighted losses of the outputs `part_names`, where there are several.
    """

    def __init__(self, loss, loss_weights, output_names):
        self.losses = None
        self.given = loss
        self.given_weights = loss_weights
        self.output_names = output_names
        self.parts = []

    def check(self):
        """Raise at once for names that no loss has; the rest waits for the outputs."""
        for given in _leaves(self.given):
            if isinstance(given, str):
                registry("losses").get(given)

    def build(self, y_pred):
        """Resolve the losses against the structure of the outputs."""
        count = len(tree.flatten(y_pred))
        self.names = output_names(y_pred, self.output_names)
        per_output = spread(self.given, y_pred, self.names, "loss", one_for_all=True)
        self.losses = [_loss_object(loss) for loss in per_output]
        if all(loss is None for loss in self.losses):
            raise ValueError(
                "Expected at least one loss that is not None: compile(loss=...) gave none for any output."
            )
        by_name = isinstance(y_pred, dict) and _is_by_name(self.given)
        order = [self.names.index(k) for k in self.given] if by_name else range(count)
        self.order = [i for i in order if self.losses[i] is not None]
        self.part_names = [self.names[i] for i in self.order]
        weights = self.given_weights
        if weights is None:
            self.weights = [1.0] * count
        elif isinstance(weights, (int, float)):
            self.weights = [float(weights)] * count
        else:
            self.weights = [
                1.0 if w is None else w for w in spread(weights, y_pred, self.names, "loss_weights")
            ]
        self.single = self.losses[0] if count == 1 and self.weights[0] == 1.0 else None

    def __call__(self, y_true, y_pred, sample_weight=None):
        if self.losses is None:
            self.build(y_pred)
        if self.single is not None and y_true is not None and not isinstance(y_true, (tuple, list, dict)):
            return self.single(
                y_true,
                y_pred if not isinstance(y_pred, (tuple, list, dict)) else tree.flatten(y_pred)[0],
                sample_weight,
            )
        preds = tree.flatten(y_pred)
        trues = match(y_true, y_pred, self.names, "y")
        weights = match(sample_weight, y_pred, self.names, "sample_weight", repeat=True)
        total, self.parts = None, []
        for i in self.order:
            loss, factor, t, p, w = self.losses[i], self.weights[i], trues[i], preds[i], weights[i]
            if t is None:
                raise ValueError(
                    f"Loss {loss.name!r} of output {self.names[i]!r} needs targets, but y is None: pass y to fit, or "
                    "compile(loss=None)."
                )
            value = loss(t, p, w)
            self.parts.append(value)
            value = value if factor == 1.0 else value * factor
            total = value if total is None else total + value
        return total


def _loss_object(loss):
    """A loss given as a name, a function, a config or an object, as a Loss (or None)."""
    if loss is None:
        return None
    found = registry("losses").get(loss)
    if isinstance(found, Loss):
        return found
    if hasattr(found, "loss_class"):  # one of kx's own loss functions
        return found.loss_class()
    if callable(found):
        return LossFunctionWrapper(found)
    raise TypeError(f"compile(loss=...) takes names, functions and Loss objects, got {loss!r}.")


class CompiledMetrics(Stateful):
    """The metrics of all outputs as one metric, whose result is a dict."""

    name = "compile_metrics"

    def __init__(self, metrics, weighted_metrics, output_names, loss):
        self.given = {"metrics": metrics, "weighted": weighted_metrics}
        self.output_names = output_names
        self.loss = loss  # the CompiledLoss, None without one
        self.built = False
        self.metrics = []
        self.untracked("rows", [])  # (output, metric, takes sample weights, key in the logs)

    @property
    def any(self):
        """Whether there is a metric at all."""
        return any(given is not None for given in _leaves(list(self.given.values())))

    def check(self):
        """Raise at once for names that no metric has; the rest waits for the outputs."""
        for given in _leaves(list(self.given.values())):
            if isinstance(given, str) and given not in ("accuracy", "acc", "crossentropy", "ce"):
                registry("metrics").get(given)

    def build(self, y_true, y_pred):
        """Resolve the metrics against the outputs; the names "accuracy" and "crossentropy" by shapes and losses."""
        names = output_names(y_pred, self.output_names)
        preds = tree.flatten(y_pred)
        trues = match(y_true, y_pred, names, "y")
        several = len(preds) > 1
        losses = self.loss.losses if self.loss is not None else None
        rows = []  # (output, metric, takes sample weights)
        for kind, weighted in (("metrics", False), ("weighted", True)):
            per_output = _spread_metrics(self.given[kind], y_pred, names)
            for i, given in enumerate(per_output):
                for one in given:
                    metric = self._resolve(one, trues[i], preds[i], losses[i] if losses else None)
                    if metric is not None:
                        rows.append((i, metric, weighted))
        self.untracked("rows", _with_keys(rows, names if several else None))
        self.metrics = [metric for _, metric, _, _ in self.rows]
        self.untracked("names", names)
        self.built = True

    @staticmethod
    def _resolve(given, y_true, y_pred, loss):
        if isinstance(given, Metric) or given is None:
            return given
        return resolve_metric(given, None if y_true is None else y_true.shape, y_pred.shape, loss)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Update every metric with a batch."""
        if not self.built:
            self.build(y_true, y_pred)
        if isinstance(y_pred, (tuple, list, dict)) or isinstance(y_true, (tuple, list, dict)):
            preds = tree.flatten(y_pred)
            trues = match(y_true, y_pred, self.names, "y")
            weights = match(sample_weight, y_pred, self.names, "sample_weight", repeat=True)
        else:
            preds, trues, weights = (y_pred,), (y_true,), (sample_weight,)
        for i, metric, weighted, _ in self.rows:
            metric.update_state(trues[i], preds[i], weights[i] if weighted else None)

    def reset_state(self):
        """Set every metric back to its start."""
        for metric in self.metrics:
            metric.reset_state()

    def result(self):
        """Return {name: result}; a metric whose result is a dict adds its own keys."""
        found = {}
        for _, metric, _, key in self.rows:
            value = metric.result()
            if isinstance(value, dict):
                found.update(value)
            else:
                found[key] = value
        return found


def _with_keys(rows, names):
    """The rows with the metrics' keys in the logs: the name, after that of the output if there are several.

    A second metric of the same key gets "_1"; a weighted one, where an unweighted has the key, "weighted_".
    """
    counts, keyed = {}, []
    for i, metric, weighted in rows:
        prefix = f"{names[i]}_" if names else ""
        key = prefix + metric.name
        if weighted and key in counts:
            key = f"{prefix}weighted_{metric.name}"
        count = counts.get(key, 0)
        counts[key] = count + 1
        keyed.append((i, metric, weighted, f"{key}_{count}" if count else key))
    return keyed


def output_names(y_pred, known):
    """The names of the outputs: of the model's output layers, of a dict's keys, else "output_0" and so on."""
    if isinstance(y_pred, dict) and all(not isinstance(v, (dict, list, tuple)) for v in y_pred.values()):
        return sorted(y_pred)
    count = len(tree.flatten(y_pred))
    if known is not None and len(known) == count:
        return list(known)
    return [f"output_{i}" for i in range(count)]


def spread(given, y_pred, names, what, one_for_all=False):
    """`given` (one value, a list, or a dict by output name) as a list with one entry per output."""
    count = len(names)
    if _is_by_name(given):
        unknown = [k for k in given if k not in names]
        if unknown:
            raise ValueError(
                f"In the dict argument `{what}`, key {unknown[0]!r} does not correspond to any model "
                "output. Outputs are: "
                f"{names}."
            )
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        flat = tree.flatten(list(given))
        if len(flat) == 1 and count > 1:
            flat = flat * count
        if len(flat) != count:
            raise ValueError(
                f"`{what}` is a list of {len(flat)}, but the model has {count} output(s): {names}."
            )
        return flat
    if one_for_all or count == 1:
        return [given] * count
    raise ValueError(f"`{what}` must be a list or a dict with an entry per output ({names}), got {given!r}.")


def _leaves(given):
    """The single losses or metrics in lists and dicts by output name."""
    if _is_by_name(given):
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        return [leaf for item in given for leaf in _leaves(item)]
    return [given]


def _is_by_name(given):
    """Whether something is given by output name, in a dict that is not the config of an object."""
    return isinstance(given, dict) and not {"class_name", "config"} <= given.keys()


def _spread_metrics(given, y_pred, names):
    """Metrics as given to compile, as a list of metrics per output."""
    count = len(names)
    if given is None:
        return [[] for _ in range(count)]
    if _is_by_name(given):
        return [_as_list(m) for m in spread(given, y_pred, names, "metrics")]
    given = _as_list(given)
    if any(isinstance(m, (list, tuple)) for m in given):
        if len(given) != count:
            raise ValueError(
                f"`metrics` is a list of {len(given)} lists, but the model has {count} output(s): {names}."
            )
        return [_as_list(m) for m in given]
    if count == 1:
        return [given]
    if len(given) == count and all(isinstance(m, (str, type(None))) or callable(m) for m in given):
        return [_as_list(m) for m in given]
    raise ValueError(
        f"For a model with {count} outputs give `metrics` as a dict or as a list of lists, got {given!r}."
    )


def _as_list(value):
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]


def match(values, y_pred, names, what, repeat=False):
    """Targets or sample weights as a flat list in the order of the outputs."""
    count = len(names)
    if values is None:
        return [None] * count
    if isinstance(values, dict):
        if isinstance(y_pred, dict):
            return [values.get(k) for k in sorted(y_pred)]
        unknown = [k for k in values if k not in names]
        if unknown:
            raise ValueError(f"`{what}` has the key {unknown[0]!r}, but the model's outputs are {names}.")
        return [values.get(name) for name in names]
    if not isinstance(values, (list, tuple)):
        if repeat or count == 1:
            return [values] * count
        raise ValueError(f"The model has {count} outputs ({names}), but `{what}` is a single array.")
    flat = tree.flatten(values)
    if len(flat) != count:
        raise ValueError(f"The model has {count} output(s) ({names}), but `{what}` has {len(flat)} array(s).")
    return flat
