"""`Margins`: what padding and cropping layers share, a number of positions at both ends of each axis."""

from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer


def margins_of(value, rank, name):
    """Return (before, after) for each of `rank` axes, from a number, a number for each axis, or pairs.

    >>> margins_of((1, 2), 2, "padding"), margins_of((1, 2), 1, "padding")
    (((1, 1), (2, 2)), ((1, 2),))
    """
    if isinstance(value, int):
        value = (value,) * rank
    elif rank == 1 and isinstance(value, (tuple, list)):
        value = (value,)
    pairs = value if isinstance(value, (tuple, list)) else ()
    pairs = tuple([(p, p) if isinstance(p, int) else tuple(p) if isinstance(p, list) else p for p in pairs])
    if len(pairs) != rank or not all(map(_is_pair, pairs)):
        wanted = "an integer, or a pair of them (before, after)"
        if rank > 1:
            wanted = f"an integer, {rank} of them, or {rank} pairs (before, after)"
        raise ValueError(f"`{name}` must be {wanted}, none negative. Received: {name}={value!r}.")
    return pairs


def _is_pair(pair):
    whole = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(n, int) for n in pair)
    return whole and min(pair) >= 0


class Margins(Layer):
    """Base of layers that add or take away positions at both ends of `rank` axes; `margin` names their argument.

    >>> class Half(Margins):
    ...     rank, margin = 2, "width"
    ...     width = 3
    >>> Half().ends
    ((3, 3), (3, 3))
    """

    rank = None
    margin = None

    data_format = "channels_last"

    def __post_init__(self):
        super().__post_init__()
        self.ends = margins_of(getattr(self, self.margin), self.rank, self.margin)
        setattr(self, self.margin, self.ends if self.rank > 1 else self.ends[0])
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _around(self):
        """(before, after) of all axes, those of batch and channels included."""
        none = ((0, 0),)
        return none * 2 + self.ends if self.data_format == "channels_first" else none + self.ends + none
