"""Sequences of different lengths as one array."""

import numpy as np


def pad_sequences(sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0):
    """Array with one row per sequence, shorter ones filled with `value`, longer ones cut.

    Shapes: n sequences of (length, ...) -> (n, maxlen, ...); without `maxlen`, the longest length.

    Args:
        dtype: of the array; `object` for texts of different lengths.
        padding, truncating: "pre" fills or cuts at the start, "post" at the end.

    Errors: `ValueError` for what is no list of sequences, for unequal inner shapes, for an unknown "pre" or
    "post".

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist()
    [[0, 1], [2, 3], [5, 6]]
    """
    lengths = _lengths(sequences)
    for name, choice in (("Padding", padding), ("Truncating", truncating)):
        if choice not in ("pre", "post"):
            raise ValueError(f'{name} type "{choice}" not understood; expected "pre" or "post".')
    is_text = np.issubdtype(dtype, np.str_) or np.issubdtype(dtype, np.bytes_)
    if isinstance(value, str) and dtype is not object and not is_text:
        raise ValueError(
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}\n"
            "You should set `dtype=object` for variable length strings."
        )
    if maxlen is None:
        if not lengths:
            raise ValueError("Expected at least one sequence, or `maxlen`; got none.")
        maxlen = max(lengths)
    first = next((each for each, length in zip(sequences, lengths, strict=True) if length), ())
    inner = np.asarray(first).shape[1:]
    out = np.full((len(lengths), maxlen, *inner), value, dtype=dtype)
    for row, sequence in enumerate(sequences):
        if not lengths[row]:
            continue
        cut = np.asarray(sequence[-maxlen:] if truncating == "pre" else sequence[:maxlen], dtype=dtype)
        if cut.shape[1:] != inner:
            raise ValueError(
                f"Shape of sample {cut.shape[1:]} of sequence at position {row} is different from expected "
                f"shape {inner}"
            )
        if padding == "post":
            out[row, : len(cut)] = cut
        else:
            out[row, maxlen - len(cut) :] = cut
    return out


def _lengths(sequences):
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            f"`sequences` must be iterable. Expected a list of sequences, got {type(sequences).__name__}."
        )
    try:
        return [len(each) for each in sequences]
    except TypeError as error:
        wrong = next(each for each in sequences if not hasattr(each, "__len__"))
        raise ValueError(f"`sequences` must be a list of iterables. Found non-iterable: {wrong}") from error
