"""Writing files so that a crash at any moment leaves the old file or the new one, each whole."""

import contextlib
import os
import re
import secrets
import shutil
import stat
import time

_STALE = 3600  # seconds without a write, after which a part file is one of a save that was killed


@contextlib.contextmanager
def replacing(path):
    """Give the name of a new file in the same folder; it takes the place of `path` if the block ends well.

    The file's bytes reach the disk before it takes the place, and so does the change of the folder after. If the
    block raises, the new file is removed and the old one stays as it was. The new file has the mode of the old.
    A link is followed: what it names is replaced.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/numbers.txt") as beside:
    ...         _ = pathlib.Path(beside).write_text("1 2 3")
    ...     os.listdir(folder)
    ['numbers.txt']
    """
    target = os.path.realpath(os.fspath(path))
    _check_target(target)
    _remove_stale(target)
    beside = _beside(target)
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield beside
        _sync(beside)
        if os.path.exists(target):
            os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    _sync(os.path.dirname(target))


@contextlib.contextmanager
def replacing_folder(path):
    """Give the name of a new, empty folder beside; it takes the place of the folder `path` if the block ends well.

    A folder cannot take another's place in one step: a process killed between the two leaves both, whole, under names
    that end in `.part`.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing_folder(f"{folder}/model") as beside:
    ...         _ = pathlib.Path(beside, "config.json").write_text("{}")
    ...     os.listdir(f"{folder}/model")
    ['config.json']
    """
    target = os.path.realpath(os.fspath(path))
    if os.path.exists(target) and not os.path.isdir(target):
        raise NotADirectoryError(f"Cannot write the folder {target!r}: a file of that name is there.")
    _check_parent(target)
    beside, aside = _beside(target), _beside(target)
    os.mkdir(beside)
    try:
        yield beside
        for folder, _, names in os.walk(beside):
            for name in names:
                _sync(os.path.join(folder, name))
            _sync(folder)
        if os.path.isdir(target):
            os.rename(target, aside)  # no system renames a folder over one that holds files
        os.rename(beside, target)
    except BaseException:
        if os.path.isdir(aside) and not os.path.exists(target):
            os.rename(aside, target)
        shutil.rmtree(beside, ignore_errors=True)
        raise
    shutil.rmtree(aside, ignore_errors=True)
    _sync(os.path.dirname(target))


def _check_target(target):
    if os.path.isdir(target):
        raise IsADirectoryError(f"Cannot write the file {target!r}: a folder of that name is there.")
    _check_parent(target)


def _check_parent(target):
    parent = os.path.dirname(target)
    if not os.path.isdir(parent):
        raise FileNotFoundError(f"Cannot write {target!r}: the folder {parent!r} does not exist.")


def _beside(target):
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:80]}.{secrets.token_hex(6)}.part")


def _remove_stale(target):
    """Remove the part files that killed saves to `target` left behind."""
    folder, name = os.path.split(target)
    pattern = re.compile(re.escape(f".{name[:80]}.") + r"[0-9a-f]{12}\.part")
    for found in os.listdir(folder):
        path = os.path.join(folder, found)
        with contextlib.suppress(OSError):
            if pattern.fullmatch(found) and time.time() - os.lstat(path).st_mtime > _STALE:
                os.unlink(path)


def _sync(path):
    """Have a file's or folder's content on the disk; not every system can do that for folders."""
    folder = os.path.isdir(path)
    try:
        handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    except OSError:
        if folder:
            return
        raise
    try:
        os.fsync(handle)
    except OSError:
        if not folder:
            raise
    finally:
        os.close(handle)
