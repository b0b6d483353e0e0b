"""Checks for declared fields: each says what it accepts, in words that fit `"<name> must be <...>"`."""


class Check:
    """A test of one value, with the words for what passes it; combine with `|` and `&`.

    >>> even = Check(lambda x: x % 2 == 0, "an even {number}")
    >>> even(4), (even | one_of("auto")).expected
    (True, "an even {number} or 'auto'")
    """

    __slots__ = ("expected", "test")

    def __init__(self, test, expected):
        self.test = test
        self.expected = expected  # "{number}" stands for "integer" or "number", as the field is annotated

    def __call__(self, value):
        try:
            return bool(self.test(value))
        except (TypeError, ValueError):  # not comparable: "3" > 0, an array
            return False

    def __or__(self, other):
        return Check(lambda x: self(x) or other(x), f"{self.expected} or {other.expected}")

    def __and__(self, other):
        return Check(lambda x: self(x) and other(x), f"{self.expected} and {other.expected}")

    def __repr__(self):
        return f"<Check: {self.expected}>"


def one_of(*values):
    """Accept only the listed values.

    >>> one_of("same", "valid")("full")
    False
    """
    listed = (
        " or ".join(", ".join(repr(v) for v in values).rsplit(", ", 1))
        if len(values) > 1
        else repr(values[0])
    )
    # `is` or equal with the same type: 1 is not True, 0 is not False
    return Check(lambda x: any(x is v or (type(x) is type(v) and x == v) for v in values), listed)


def each(check):
    """Accept a list or tuple all of whose elements pass `check`.

    >>> each(positive)((3, 3)), each(positive)((3, 0))
    (True, False)
    """
    return Check(
        lambda xs: isinstance(xs, (list, tuple)) and all(check(x) for x in xs),
        f"a sequence whose every element is {check.expected}",
    )


def instance_of(*types):
    """Accept instances of the given types.

    >>> instance_of(str)("relu")
    True
    """
    return Check(lambda x: isinstance(x, types), " or ".join(f"a {t.__name__}" for t in types))


positive = Check(lambda x: x > 0, "a positive {number}")
non_negative = Check(lambda x: x >= 0, "a non-negative {number}")
fraction = Check(lambda x: 0 <= x <= 1, "a {number} between 0 and 1")
