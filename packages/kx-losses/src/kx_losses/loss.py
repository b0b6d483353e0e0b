"""`Loss`: per-sample values, weighted, masked and reduced to one number."""

from kx_io import Fields, field, one_of, register
from kx_losses.alignment import check_weights, same_rank
from kx_tensor import dtypes, naming, ops, tree
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)
_LEAVES = (Tensor, KerasTensor, Variable)


_MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")


def _reduction(name):
    """The name of a reduction today: Keras 2 wrote "auto" for the default."""
    return "sum_over_batch_size" if name == "auto" else name


@register("losses")
class Loss(Fields):
    """A number to minimize: write `call(y_true, y_pred)`, which returns one value a sample.

    With values v, weights w (1 unless given) and n values, `reduction` gives "sum": sum(w v);
    "sum_over_batch_size" and "mean": sum(w v) / n; "mean_with_sample_weight": sum(w v) / sum(w); "none" or None: w v.
    A mask that y_pred or the values carry multiplies w; for the two means n then counts only what the mask keeps.
    `dtype` (floatx) is what targets and predictions are cast to. Raises ValueError where weights do not broadcast to v.

    >>> class Squares(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean((y_true - y_pred) ** 2, axis=-1)
    >>> float(Squares()([[0.0], [0.0]], [[1.0], [3.0]], sample_weight=[1.0, 0.0]))
    0.5
    """

    name: str = field(None)
    reduction: str = field("sum_over_batch_size", to=_reduction, check=one_of(*REDUCTIONS))
    dtype = field(None, config=False)

    integer_labels = False  # integer targets stay integers
    averaged = None  # the mean over the batch in one op, for losses that have one
    _np_dtype = None

    @dtype.getter
    def dtype(self):
        return self._dtype

    @dtype.setter
    def dtype(self, value):
        self._given_dtype = value
        self._dtype = compute_dtype(value)
        self._np_dtype = dtypes.as_numpy(self._dtype)

    def __post_init__(self):
        if self.name is None:
            self.name = naming.auto_name(naming.to_snake_case(type(self).__name__))

    def __call__(self, y_true, y_pred, sample_weight=None):
        if not (type(y_pred) is Tensor and y_pred.data.dtype == self._np_dtype):
            y_pred, given = self._cast(y_pred), y_pred
            mask = getattr(given, "_keras_mask", None)
        else:
            mask = y_pred._keras_mask
        if not (type(y_true) is Tensor and y_true.data.dtype == self._np_dtype):
            if not (self.integer_labels and type(y_true) is Tensor and y_true.data.dtype.kind in "iu"):
                y_true = self._cast_target(y_true)
        if self.averaged is not None and mask is None and sample_weight is None and self.reduction in _MEANS:
            if 0 not in y_pred.shape:
                return self.averaged(y_true, y_pred)
        values = self.call(y_true, y_pred)
        if type(values) is not Tensor:
            values = ops.convert_to_tensor(values)
        own_mask = values._keras_mask
        if own_mask is not None:
            mask = own_mask if mask is None else ops.logical_and(mask, own_mask)
        if mask is None and sample_weight is None:
            return reduced(values, None, self.reduction)
        if values.dtype != self._dtype:
            values = ops.cast(values, self._dtype)
        return weighted_loss(values, sample_weight, mask, self.reduction)

    def call(self, y_true, y_pred):
        """Return one value a sample: (batch, ...) -> (batch, ...) without the last axis, as a rule."""
        raise NotImplementedError(f"{type(self).__name__} needs a method call(self, y_true, y_pred).")

    def _cast(self, y):
        return map_arrays(lambda x: ops.convert_to_tensor(x, dtype=self._dtype), y)

    def _cast_target(self, y):
        if self.integer_labels:
            y = map_arrays(ops.convert_to_tensor, y)
            if not isinstance(y, (list, tuple, dict)) and dtypes.is_int_dtype(y.dtype):
                return y
        return self._cast(y)

    def get_config(self):
        """The constructor's arguments; `dtype` only if it was given, as in Keras."""
        config = super().get_config()
        if self._given_dtype is not None:
            config["dtype"] = self._dtype
        return config


def compute_dtype(dtype):
    """Return the float dtype that a dtype, a dtype policy or None (floatx) computes in.

    >>> compute_dtype("mixed_bfloat16"), compute_dtype(None)
    ('bfloat16', 'float32')
    """
    dtype = getattr(dtype, "compute_dtype", dtype)
    if isinstance(dtype, str):
        dtype = dtype.removeprefix("mixed_")
    return dtypes.standardize_dtype(dtype)


def map_arrays(function, y):
    """Apply `function` to each array of a nested structure; lists of plain numbers count as one array."""
    if isinstance(y, dict):
        return {key: map_arrays(function, value) for key, value in y.items()}
    if isinstance(y, (list, tuple)) and any(hasattr(leaf, "shape") for leaf in tree.flatten(y)):
        return type(y)(map_arrays(function, value) for value in y)
    return function(y)


# ---- weights, masks, reductions


def weighted_loss(values, sample_weight, mask, reduction):
    """Return `values` weighted, masked and reduced; see `Loss`."""
    weights = None
    if sample_weight is not None:
        weights = ops.convert_to_tensor(sample_weight, dtype=values.dtype)
    if mask is not None:
        weights = masked_weights(
            weights, mask, values.dtype, per_kept=reduction in ("sum_over_batch_size", "mean")
        )
    values, weights = same_rank(values, weights)
    check_weights("sample_weight" if mask is None else "sample_weight with the mask", weights, values)
    return reduced(ops.multiply(values, weights), weights, reduction)


def masked_weights(weights, mask, dtype, per_kept):
    """Return weights (None: ones) that are 0 where the mask is; with `per_kept`, scaled by size / number kept.

    A mean over all values is then a mean over those kept.
    """
    mask = ops.convert_to_tensor(mask, dtype=dtype)
    if per_kept:
        mask = ops.divide_no_nan(mask, ops.mean(mask))
    if weights is None:
        return mask
    mask, weights = same_rank(mask, weights)
    return ops.multiply(weights, mask)


def reduced(values, weights, reduction):
    """Return already weighted `values` reduced as `reduction` says; scalars and empty vectors stay as they are."""
    shape = values.shape
    if reduction is None or reduction == "none" or shape == () or shape == (0,):
        return values
    if reduction == "sum" or 0 in shape:
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        return ops.divide_no_nan(ops.sum(values), ops.sum(weights))
    return ops.mean(values)


# ---- losses made of functions


class FunctionLoss(Loss):
    """Base of the losses that `declare` makes of a function whose keyword parameters are the fields."""

    function = None
    parameters = ()

    def call(self, y_true, y_pred):
        if not self.parameters:
            return self.function(y_true, y_pred)
        return self.function(y_true, y_pred, **{name: getattr(self, name) for name in self.parameters})


@register("losses", module="keras.src.losses.losses")
class LossFunctionWrapper(Loss):
    """The `Loss` of any function `fn(y_true, y_pred, **kwargs)` that returns one value a sample.

    >>> loss = LossFunctionWrapper(lambda y_true, y_pred: ops.max(ops.abs(y_true - y_pred), axis=-1), name="worst")
    >>> float(loss([[0.0, 0.0]], [[1.0, -2.0]]))
    2.0
    """

    fn = field()
    field_order = ("fn", "reduction", "name", "dtype")

    kwargs = {}

    def _accept_extra(self, extra):
        self.kwargs = extra
        return {}

    def __post_init__(self):
        if self.name is None:
            self.name = getattr(self.fn, "__name__", None) or naming.to_snake_case(type(self.fn).__name__)

    def call(self, y_true, y_pred):
        if hasattr(y_true, "shape") and hasattr(y_pred, "shape"):
            y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.kwargs)

    def get_config(self):
        return {**super().get_config(), **self.kwargs}
