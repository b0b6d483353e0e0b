"""`InputSpec`: what a layer expects of its inputs, checked before the call with an error that says what to do."""

from kx_tensor import dtypes
from kx_tensor.symbolic import standardize_shape


class InputSpec:
    """The rank, shape, dtype or sizes of single axes that a layer's input must have.

    >>> InputSpec(min_ndim=2, axes={-1: 4})
    InputSpec(min_ndim=2, axes={-1: 4})
    """

    def __init__(
        self,
        dtype=None,
        shape=None,
        ndim=None,
        max_ndim=None,
        min_ndim=None,
        axes=None,
        allow_last_axis_squeeze=False,
        name=None,
        optional=False,
    ):
        self.dtype = dtypes.standardize_dtype(dtype) if dtype is not None else None
        self.shape = None if shape is None else standardize_shape(shape)
        self.ndim = ndim if shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.name = name
        self.optional = optional
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.axes = {int(k): v for k, v in (axes or {}).items()}
        limit = self.ndim or self.max_ndim
        if self.axes and limit is not None and max(self.axes) >= limit:
            raise ValueError(f"Axis {max(self.axes)} is greater than the maximum allowed value: {limit - 1}.")

    def get_config(self):
        """Return the arguments that make this spec again."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return {k: getattr(self, k) for k in names}

    @classmethod
    def from_config(cls, config):
        """Make a spec from `get_config`'s dictionary."""
        return cls(**config)

    def __repr__(self):
        given = {k: v for k, v in self.get_config().items() if v not in (None, {})}
        return f"InputSpec({', '.join(f'{k}={v}' for k, v in given.items())})"

    def find_mismatch(self, x):
        """Return what is wrong with the tensor `x` as (expected, likely fix), or None."""
        shape = x.shape
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            squeezable = (
                self.allow_last_axis_squeeze and self.shape and rank == self.ndim + 1 and shape[-1] == 1
            )
            if not squeezable:
                return f"expected {self.ndim} dimensions, batch axis included, found {rank}", _rank_hint(
                    rank, self.ndim
                )
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected at most {self.max_ndim} dimensions, found {rank}", _rank_hint(
                rank, self.max_ndim
            )
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, found ndim={rank}", _rank_hint(rank, self.min_ndim)
        if self.dtype is not None and x.dtype != self.dtype:
            return f"expected dtype={self.dtype}, found dtype={x.dtype}", "cast it with `.astype`"
        for axis, size in self.axes.items():
            found = shape[axis] if -rank <= axis < rank else None
            if size is not None and found not in (size, None):
                return (
                    f"expected axis {axis} of input shape to have value {size}, found {found}",
                    "the data, or the Input shape the layer was built with, differ from what it gets now",
                )
        if self.shape is not None:
            for axis, (size, found) in enumerate(zip(self.shape, shape)):
                if size is not None and found is not None and size != found:
                    return f"expected shape={self.shape}, found shape={tuple(shape)}", f"axis {axis} differs"
        return None


def _rank_hint(found, expected):
    if found == expected - 1:
        return "a batch axis is missing? One sample x is `x[None]`; a channel axis is added by `x[..., None]`"
    if found > expected:
        return "flatten or reshape the input first, e.g. with a Flatten layer"
    return "check the shape of the data"


def check(layer, spec, inputs):
    """Raise ValueError if one of the flat list `inputs` does not fit the layer's spec (or list of specs)."""
    specs = spec if isinstance(spec, (list, tuple)) else [spec]
    if isinstance(spec, dict):
        specs = list(spec.values())
    if len(specs) != len(inputs):
        raise ValueError(
            f'Layer "{layer.name}" expects {len(specs)} input(s), but it received {len(inputs)} input tensors. '
            f"Inputs received: {[tuple(x.shape) for x in inputs if x is not None]}"
        )
    for i, (one, x) in enumerate(zip(specs, inputs)):
        if one is None or (x is None and one.optional):
            continue
        if x is None:
            raise ValueError(f'Input {i} of layer "{layer.path}" is None, but it is not optional.')
        mismatch = one.find_mismatch(x)
        if mismatch is not None:
            expected, hint = mismatch
            raise ValueError(
                f'Input {i} of layer "{layer.path}" is incompatible with the layer: {expected}. Full shape received: '
                f"{tuple(x.shape)}, one sample has {tuple(x.shape[1:])}. Hint: {hint}."
            )
