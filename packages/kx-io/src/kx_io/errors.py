"""What is raised for files that are not what they should be."""


class FileFormatError(ValueError):
    """A file is damaged, foreign, or asks for something that a file must not ask for.

    >>> raise FileFormatError("model.keras: a damaged archive.")
    Traceback (most recent call last):
    kx_io.errors.FileFormatError: model.keras: a damaged archive.
    """
