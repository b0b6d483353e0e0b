"""A count of the changes to what objects hold and to global settings, so that what follows from them can be kept."""


class _Structure:
    version = 0


structure = _Structure()
