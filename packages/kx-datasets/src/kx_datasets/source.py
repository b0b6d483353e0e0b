"""Where a dataset's file comes from: a local folder, the cache or the network; checked before it is read."""

import os
import warnings
from dataclasses import dataclass

from kx_datasets.cache import cache_home, check_name, writable_folder
from kx_datasets.checksum import hash_stream
from kx_datasets.errors import DatasetNotFound, DownloadError

KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


@dataclass(frozen=True)
class Source:
    """A dataset's file: the names it may have, its URL, the SHA-256 of each file that is accepted as it.

    The first name is the one in the cache. `url` is None for a file that can only be put there by hand.
    """

    names: tuple[str, ...]
    url: str | None
    sha256: tuple[str, ...]
    subfolder: str = "datasets"

    def places(self, name=None):
        """Paths that the file may have, in the order in which they are tried."""
        names = self.names if name is None else (check_name(name), *self.names[1:])
        # A local folder may mirror the inner folder of the cache, as `fashion-mnist/`.
        inner = os.path.basename(self.subfolder)
        for folder in local_folders():
            for each in dict.fromkeys((*names, *self.names)):
                yield os.path.join(folder, each)
                yield os.path.join(folder, inner, each)
        for each in names:
            yield os.path.join(cache_home(), self.subfolder, each)


def local_folders():
    """The folders that `KX_DATASETS` names, separated as in `PATH`."""
    return [os.path.expanduser(each) for each in os.environ.get("KX_DATASETS", "").split(os.pathsep) if each]


def open_verified(*sources, name=None, timeout=30.0, seconds=None):
    """Open the first of the sources that is found locally, else download the first source: `(file, source)`.

    `file` is a binary file object at its start, whose whole content has an accepted SHA-256. `name` replaces
    the first source's name in the cache. `timeout` and `seconds` limit the download, as in `download`.

    Errors: `DatasetNotFound` (a `FileNotFoundError`), `ChecksumError` (a `ValueError`).
    """
    looked = []
    for index, source in enumerate(sources):
        for path in source.places(name if index == 0 else None):
            looked.append(path)
            if os.path.isfile(path) and (file := _open_if_accepted(path, source)):
                return file, source
    source = sources[0]
    try:
        folder = writable_folder(cache_home(), source.subfolder)
        path = os.path.join(folder, source.names[0] if name is None else check_name(name))
        if path not in looked and os.path.isfile(path) and (file := _open_if_accepted(path, source)):
            return file, source  # the home folder is not writable, and an earlier call used the temporary one
        # Only here are urllib, http and ssl needed: 40 ms.
        from kx_datasets.download import download

        download(source.url, path, checksums=source.sha256, timeout=timeout, seconds=seconds)
    except (DownloadError, PermissionError) as error:
        raise DatasetNotFound(_explain(source, looked, error)) from error
    return open(path, "rb"), source


def _open_if_accepted(path, source):
    file = open(path, "rb")  # noqa: SIM115 - handed to the caller, who closes it
    digest = hash_stream(file)
    if digest in source.sha256:
        return file
    file.close()
    warnings.warn(
        f"Ignoring {path}: its SHA-256 is {digest}, expected {' or '.join(source.sha256)}.", stacklevel=4
    )
    return None


def _explain(source, looked, error):
    folders = dict.fromkeys(os.path.dirname(path) for path in looked)
    local = os.pathsep.join(local_folders()) or "not set"
    target = os.path.join(cache_home(), source.subfolder, source.names[0])
    return (
        f"{source.names[0]} is in no local folder, and could not be downloaded.\n"
        f"  URL:       {source.url}\n"
        f"  failure:   {error}\n"
        f"  looked in: {', '.join(folders)} (KX_DATASETS is {local})\n"
        f"  names:     {', '.join(source.names)}\n"
        f"  SHA-256:   {' or '.join(source.sha256)}\n"
        "To work offline, download the file elsewhere, put it into a folder, and set the variable\n"
        f"KX_DATASETS to that folder; or put it at {target}."
    )
