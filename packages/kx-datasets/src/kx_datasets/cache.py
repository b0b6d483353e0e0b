"""The download cache that Keras uses (`~/.keras`, or `KERAS_HOME`), and `get_file`, which fills it."""

import os
import posixpath
import stat
import tempfile
import urllib.parse
import warnings

from kx_datasets.archive import extract_archive
from kx_datasets.checksum import algorithm_of, hash_stream


def cache_home():
    """The cache folder: `$KERAS_HOME` if set, else `~/.keras`; it need not exist."""
    return os.path.expanduser(os.environ.get("KERAS_HOME") or os.path.join("~", ".keras"))


def writable_folder(home, subfolder):
    """Create `home/subfolder` and return it; where that is not allowed, one in the system's temporary folder.

    Errors: `PermissionError` if that one belongs to another user, who could have planted files in it.
    """
    folder = os.path.join(home, subfolder)
    try:
        os.makedirs(folder, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError as error:
        refusal = error
    else:
        refusal = PermissionError(f"{folder} is not writable")
    shared = os.path.join(tempfile.gettempdir(), ".keras")
    os.makedirs(shared, mode=0o700, exist_ok=True)
    status = os.lstat(shared)
    if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        raise PermissionError(
            f"The cache folder {folder} cannot be written, and {shared} belongs to somebody else. "
            "Set KERAS_HOME to a folder of yours."
        ) from refusal
    folder = os.path.join(shared, subfolder)
    os.makedirs(folder, exist_ok=True)
    return folder


def check_name(name):
    """Return `name` if it is the plain name of a file; a path raises `ValueError`."""
    name = os.fspath(name)
    if name in (".", "..") or any(mark in name for mark in ("/", "\\", "\x00")):
        raise ValueError(
            "Paths are no longer accepted as the `fname` argument. To specify the file's parent directory, "
            "use the `cache_dir` argument (or, for a dataset, the variable KX_DATASETS). "
            f"Received: fname={name}"
        )
    return name


def get_file(
    fname=None,
    origin=None,
    untar=False,
    md5_hash=None,
    file_hash=None,
    cache_subdir="datasets",
    hash_algorithm="auto",
    extract=False,
    archive_format="auto",
    cache_dir=None,
    force_download=False,
):
    """Path of a file downloaded from the URL `origin`, taken from the cache if it is there already.

    The file is `<cache_dir>/<cache_subdir>/<fname>`, by default below `~/.keras` or `$KERAS_HOME`. Without
    `fname` it has the URL's name. It is written whole or not at all.

    Args:
        file_hash: SHA-256 or MD5 of the file, which is checked whether it comes from the URL or the cache.
        md5_hash, untar: older spellings of `file_hash` and `extract`.
        extract: unpack the zip or tar file, and return the folder: `fname` itself if it has no dot (the
            archive is then kept as `<fname>_archive`), else `<fname up to its first dot>_extracted`. A folder
            that is there is used again, unless the archive was downloaded anew.
        archive_format: "auto", "tar", "zip", a list of the last two, or None.
        force_download: download even if the file is cached.

    Returns: the path, a string.
    Errors: `DownloadError` (a `ConnectionError`), `ChecksumError` (a `ValueError`), `UnsafeArchive` (a
    `ValueError`), `ValueError` for an argument, or for `extract=True` on what is no archive.

    >>> get_file("weights.h5")
    Traceback (most recent call last):
        ...
    ValueError: Please specify the "origin" argument (URL of the file to download).
    """
    if origin is None:
        raise ValueError('Please specify the "origin" argument (URL of the file to download).')
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    algorithm = "sha256" if file_hash is None else algorithm_of(file_hash, hash_algorithm)
    name = check_name(fname or posixpath.basename(urllib.parse.urlsplit(origin).path))
    if not name:
        raise ValueError(f"The URL {origin!r} ends in no file name: please specify the `fname` argument.")

    home = cache_home() if cache_dir is None else os.path.expanduser(os.fspath(cache_dir))
    folder = writable_folder(home, cache_subdir)
    target, unpacked = os.path.join(folder, name), None
    if extract or untar:
        if fname and "." in name:
            unpacked = os.path.join(folder, name[: name.index(".")] + "_extracted")
        else:
            target, unpacked = os.path.join(folder, f"{name}_archive"), target

    fresh = force_download or not _is_valid(target, file_hash, algorithm)
    if fresh:
        # urllib.request brings http, ssl and email with it, 40 ms that a cached file does not have to cost.
        from kx_datasets.download import download

        download(origin, target, checksums=(file_hash,) if file_hash else (), algorithm=algorithm)
    if unpacked is None:
        return target
    formats = "tar" if untar else archive_format
    is_unpacked = os.path.isdir(unpacked) and not fresh
    if not is_unpacked and not extract_archive(target, unpacked, formats):
        raise ValueError(f"{target} (from {origin}) is no archive of format {formats!r}; use extract=False.")
    return unpacked


def _is_valid(path, file_hash, algorithm):
    """Whether the cached file is there and has the checksum, if one is asked for."""
    if not os.path.isfile(path):
        return False
    if file_hash is None:
        return True
    with open(path, "rb") as file:
        found = hash_stream(file, algorithm)
    if found == file_hash.lower():
        return True
    warnings.warn(
        f"{path} has the {algorithm} checksum {found}, expected {file_hash}: downloading it again.",
        stacklevel=3,
    )
    return False
