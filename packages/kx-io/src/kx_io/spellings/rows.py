"""The kinds of rows in the tables of old arguments. A plain string is a new name whose values are the same."""


class Renamed:
    """An argument with a new name, and maybe other values.

    >>> Renamed("data_format", {"th": "channels_first"}.get).value("th")
    'channels_first'
    """

    def __init__(self, new, value=lambda value: value):
        self.new, self.value = new, value


class Joined:
    """One of the arguments `parts` that together are the new argument `new`.

    >>> Joined("kernel_size", "nb_row", "nb_col").parts
    ('nb_row', 'nb_col')
    """

    def __init__(self, new, *parts):
        self.new, self.parts = new, parts


class Gone:
    """An argument that has no meaning any more; a value not in `harmless`, if that is given, is refused.

    >>> Gone("kx has one implementation.").why
    'kx has one implementation.'
    """

    def __init__(self, why, harmless=None):
        self.why, self.harmless = why, harmless

    def refuse_what_mattered(self, owner, name, value):
        """Raise ValueError where leaving the value out would change what is computed."""
        if self.harmless is not None and value not in self.harmless:
            raise ValueError(f"{owner}({name}={value!r}) has no equivalent: {self.why}.")
