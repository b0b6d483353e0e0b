"""`tf.strings`: what scripts do to texts before a `TextVectorization`, on NumPy arrays of `str`."""

import re

import numpy as np


def _each(function, *texts):
    """`function` of each text of the arrays, which broadcast; bytes are decoded."""
    texts = [np.asarray(text).astype(object) for text in texts]
    out = np.frompyfunc(lambda *parts: function(*map(_decoded, parts)), len(texts), 1)(*texts)
    return out if isinstance(out, np.ndarray) else np.str_(out) if isinstance(out, str) else out


def _decoded(text):
    return text.decode() if isinstance(text, bytes) else str(text)


def lower(input, encoding="utf-8", name=None):
    """Return texts in lower case.

    >>> lower(np.array(["A Film", "BAD"]))
    array(['a film', 'bad'], dtype=object)
    """
    return _each(str.lower, input)


def upper(input, encoding="utf-8", name=None):
    """Return texts in upper case.

    >>> upper("bad")
    np.str_('BAD')
    """
    return _each(str.upper, input)


def strip(input, name=None):
    """Return texts without the white space around them.

    >>> strip([" a "])
    array(['a'], dtype=object)
    """
    return _each(str.strip, input)


def regex_replace(input, pattern, rewrite, replace_global=True, name=None):
    r"""Return texts with what matches `pattern` (all of it, or the first) replaced; `\1` in `rewrite` is a group.

    >>> regex_replace(["good<br />film"], "<br />", " ")
    array(['good film'], dtype=object)
    """
    found = re.compile(_decoded(pattern))
    rewrite = _decoded(rewrite).replace(r"\0", r"\g<0>")
    return _each(lambda text: found.sub(rewrite, text, count=0 if replace_global else 1), input)


def regex_full_match(input, pattern, name=None):
    """Return whether each text matches `pattern` from its start to its end.

    >>> regex_full_match(["ab", "b"], "a.*")
    array([ True, False])
    """
    found = re.compile(_decoded(pattern))
    return np.asarray(_each(lambda text: found.fullmatch(text) is not None, input)).astype(bool)


def length(input, unit="BYTE", name=None):
    """Return the sizes of texts, in bytes or (`unit="UTF8_CHAR"`) in characters.

    >>> length(["é"]), length(["é"], "UTF8_CHAR")
    (array([2], dtype=int32), array([1], dtype=int32))
    """
    measure = len if unit == "UTF8_CHAR" else lambda text: len(text.encode())
    return np.asarray(_each(measure, input)).astype("int32")


def join(inputs, separator="", name=None):
    """Return the texts of several arrays joined, place by place.

    >>> join([["a", "b"], "c"], separator=" ")
    array(['a c', 'b c'], dtype=object)
    """
    return _each(lambda *parts: _decoded(separator).join(parts), *inputs)


def as_string(input, name=None):
    """Return numbers as texts.

    >>> as_string(np.array([1, 20]))
    array(['1', '20'], dtype=object)
    """
    return _each(str, np.asarray(input))


def to_number(input, out_type="float32", name=None):
    """Return texts as numbers.

    >>> to_number(["1.5", "2"])
    array([1.5, 2. ], dtype=float32)
    """
    return np.asarray(_each(float, input)).astype(out_type)
