"""A count of the changes to what objects hold, so that lists of variables can be kept until the next change."""


class _Structure:
    version = 0


structure = _Structure()
