"""Safe reading of zip and tar archives that came from elsewhere.

Nothing outside the target folder is ever written: members with absolute or climbing paths, links, devices and
duplicates refuse the whole archive, and so does one that unpacks to suspiciously more than its own size.
"""

import contextlib
import importlib
import io
import os
import shutil
import stat
import tarfile
import uuid
import zipfile
import zlib

from kx_datasets.errors import UnsafeArchive

MAX_MEMBERS = 1_000_000
MAX_BYTES = 64 << 30
MAX_RATIO = 200  # text compresses 3-30 times, masks up to about 100 times; a bomb 1000 times and more
FREE_BYTES = 256 << 20  # unpacking to less than this harms nobody, whatever the ratio

_CHUNK = 1 << 20
_COMPRESSIONS = ((b"\x1f\x8b", "gzip"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "lzma"))


def allowed_bytes(archive_bytes):
    """How many bytes an archive of `archive_bytes` bytes may unpack to.

    >>> allowed_bytes(10) == FREE_BYTES
    True
    """
    return min(max(FREE_BYTES, MAX_RATIO * archive_bytes), MAX_BYTES)


class _Budget(io.RawIOBase):
    """A readable stream that refuses to give more than `limit` bytes in all."""

    def __init__(self, stream, limit):
        self.stream, self.limit, self.left = stream, limit, limit

    def readable(self):
        return True

    def read(self, size=-1):
        chunk = self.stream.read(self.left + 1 if size is None or size < 0 else min(size, self.left + 1))
        self.left -= len(chunk)
        if self.left < 0:
            raise UnsafeArchive(
                f"The archive unpacks to more than {self.limit} bytes, over {MAX_RATIO} times its own "
                f"size or over {MAX_BYTES} bytes. Unpack it yourself if you trust it."
            )
        return chunk


def safe_path(name):
    """The parts of a member's path, checked to stay below the folder that it is unpacked to.

    Errors: `UnsafeArchive` for absolute paths, drive letters, ".." and names that no file can have.

    >>> safe_path("./faces/01.png")
    ('faces', '01.png')
    """
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or "\x00" in name or ":" in parts[0][:2]:
        raise UnsafeArchive(f"The archive holds {name!r}, which would be written outside its folder.")
    return tuple(part for part in parts if part not in ("", "."))


def tar_members(file):
    """Iterate over the files of a tar archive: pairs of a path (tuple of parts) and a stream of its bytes.

    `file` is a binary file object, plain or compressed by gzip, bzip2 or xz. Each stream must be read before
    the next pair is asked for. Directories come with None for the stream.

    Errors: `UnsafeArchive`; `tarfile.TarError` or `EOFError` for a damaged archive.
    """
    seen: set[tuple[str, ...]] = set()
    with _open_tar(file) as archive:
        for count, info in enumerate(archive):
            path = _checked(info.name, count, seen)
            if info.isdir():
                yield path, None
            elif info.isreg() and not info.issparse():
                _claim(path, seen)
                yield path, archive.extractfile(info)
            else:
                raise UnsafeArchive(f"The archive holds {info.name!r}, a link, device or sparse file.")


@contextlib.contextmanager
def _open_tar(file):
    """Open as a stream that only goes forward, so that headers count against the budget too."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(6)
    file.seek(0)
    module = next((name for magic, name in _COMPRESSIONS if head.startswith(magic)), None)
    # Python may be built without bz2 or lzma, so each is imported only for an archive that needs it.
    plain = importlib.import_module(module).open(file, "rb") if module else contextlib.nullcontext(file)
    with plain as stream:
        budget = _Budget(stream, allowed_bytes(size))
        with tarfile.open(fileobj=budget, mode="r|", bufsize=_CHUNK) as archive:
            yield archive


def is_tar(file):
    """Whether a binary file object holds a tar archive, plain or compressed."""
    try:
        with _open_tar(file):
            return True
    except (tarfile.TarError, zlib.error, EOFError, OSError):
        return False


def zip_members(file):
    """Iterate over the files of a zip archive, as `tar_members` does."""
    size = file.seek(0, os.SEEK_END)
    seen: set[tuple[str, ...]] = set()
    with zipfile.ZipFile(file) as archive:
        stream = _Budget(None, allowed_bytes(size))
        for count, info in enumerate(archive.infolist()):
            path = _checked(info.filename, count, seen)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.flag_bits & 1:
                raise UnsafeArchive(f"The archive holds {info.filename!r}, which is encrypted.")
            if info.is_dir():
                yield path, None
            elif kind in (0, stat.S_IFREG):
                _claim(path, seen)
                with archive.open(info) as stream.stream:
                    yield path, stream
            else:
                raise UnsafeArchive(f"The archive holds {info.filename!r}, a link or device.")


def _checked(name, count, seen):
    if count >= MAX_MEMBERS:
        raise UnsafeArchive(f"The archive holds more than {MAX_MEMBERS} members.")
    return safe_path(name)


def _claim(path, seen):
    if not path or path in seen:
        raise UnsafeArchive(f"The archive holds {'/'.join(path)!r} twice, or a file without a name.")
    seen.add(path)


def extract_archive(file_path, path=".", archive_format="auto"):
    """Unpack a zip or tar archive into the folder `path`, all of it or nothing.

    Args: `archive_format` is "auto", "tar", "zip", or a list of the last two; None tries no format.
    Returns: True if the file is an archive of such a format, else False.
    Errors: `UnsafeArchive`; `zipfile.BadZipFile`, `tarfile.TarError` or `EOFError` for a damaged archive.

    >>> extract_archive(__file__, "unused")
    False
    """
    formats = ["tar", "zip"] if archive_format == "auto" else archive_format or []
    formats = [formats] if isinstance(formats, str) else list(formats)
    if unknown := set(formats) - {"tar", "zip"}:
        raise ValueError(f"Expected archive_format 'auto', 'tar', 'zip' or None, got {sorted(unknown)}.")
    tests = {"tar": (is_tar, tar_members), "zip": (zipfile.is_zipfile, zip_members)}
    with open(file_path, "rb") as file:
        for name in formats:
            is_match, members = tests[name]
            if is_match(file):
                _unpack(members(file), os.path.abspath(path))
                return True
    return False


def _unpack(members, folder):
    """Write the members into a fresh folder beside `folder`, which then takes its place."""
    fresh = f"{folder}.{uuid.uuid4().hex[:12]}.part"
    os.makedirs(fresh)
    try:
        for path, stream in members:
            target = os.path.join(fresh, *path)
            try:
                os.makedirs(target if stream is None else os.path.dirname(target), exist_ok=True)
                if stream is not None:
                    # "x": on some systems a name that differs only in letter case is the same file.
                    with open(target, "xb") as file:
                        shutil.copyfileobj(stream, file, _CHUNK)
            except (FileExistsError, NotADirectoryError) as error:
                raise UnsafeArchive(f"The archive holds {'/'.join(path)!r} twice.") from error
        _replace_folder(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _replace_folder(fresh, folder):
    """Rename `fresh` to `folder`; an old folder, which a rename cannot overwrite, makes room first."""
    if os.path.lexists(folder):
        old = f"{fresh}.old"
        os.rename(folder, old)
        os.rename(fresh, folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(fresh, folder)
