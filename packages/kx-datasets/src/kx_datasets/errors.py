"""The four ways in which data can fail to arrive."""


class DatasetNotFound(FileNotFoundError):
    """A dataset is in no local folder and could not be downloaded; the text says where it was looked for."""


class DownloadError(ConnectionError):
    """A URL could not be read to its end: no network, an HTTP error, a timeout, a forbidden redirect."""


class ChecksumError(ValueError):
    """The bytes that arrived are not those that were asked for."""


class UnsafeArchive(ValueError):
    """An archive was refused: it climbs out of its folder, or holds links, devices, duplicates or a bomb."""
