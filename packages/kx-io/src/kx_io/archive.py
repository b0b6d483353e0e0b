"""Zip archives: reading with checks, and writing that is the same for the same content and copies nothing."""

import contextlib
import io
import os
import shutil
import struct
import zipfile
import zlib

from kx_io.errors import FileFormatError
from kx_io.window import Window

MAX_MEMBERS = 100_000
MAX_RATIO = 100  # a compressed member may be this many times its stored bytes
MAX_EXPANSION = 4 << 30  # and all compressed members together may have this many bytes
_LOCAL_HEADER = 30  # bytes in front of a member, without its name
_BLOCK = 1 << 20


@contextlib.contextmanager
def open_archive(file):
    """Give the checked `Archive` in a path's or a seekable binary file object's zip file.

    Refused with FileFormatError: names that lead out of the archive, links, two members of one name, encryption,
    members that declare far more bytes than are stored, members that overlap.

    >>> buffer = io.BytesIO()
    >>> with write_archive(buffer) as archive:
    ...     archive.write("a.txt", b"alpha")
    >>> with open_archive(buffer) as archive:
    ...     archive.names(), archive.read("a.txt")
    (['a.txt'], b'alpha')
    """
    with contextlib.ExitStack() as stack:
        label = (
            os.fspath(file)
            if isinstance(file, (str, os.PathLike))
            else str(getattr(file, "name", "the file"))
        )
        if isinstance(file, (str, os.PathLike)):
            file = stack.enter_context(open(file, "rb"))
        try:
            opened = stack.enter_context(zipfile.ZipFile(file))
        except (
            zipfile.BadZipFile,
            ValueError,
            struct.error,
            NotImplementedError,
            OSError,
            UnicodeError,
        ) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise FileFormatError(
                f"{label}: no zip archive, or a damaged or truncated one ({error})."
            ) from error
        yield Archive(opened, file, label)


class Archive:
    """The members of a checked zip archive: `names`, `read`, `opened`."""

    def __init__(self, opened, file, label):
        self.label = label
        self._zip, self._file = opened, file
        self._size = file.seek(0, os.SEEK_END)
        self._infos = {}
        self._check()

    def _refuse(self, name, why):
        raise FileFormatError(f"{self.label}: the member {name!r} {why}. Such an archive is not read.")

    def _check(self):
        infos = self._zip.infolist()
        if len(infos) > MAX_MEMBERS:
            raise FileFormatError(f"{self.label}: {len(infos)} members, more than {MAX_MEMBERS}.")
        stored = expanded = 0
        for info in infos:
            name = info.filename
            if _leads_out(name, info.orig_filename):
                self._refuse(name, "has a name that leads out of the archive")
            if name in self._infos:
                self._refuse(name, "is there twice")
            if info.flag_bits & 0x1:
                self._refuse(name, "is encrypted")
            if (info.external_attr >> 16) & 0o170000 not in (0, 0o100000, 0o040000):
                self._refuse(name, "is a link or a special file")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                self._refuse(name, "is compressed in a way that Keras files are not")
            stored += info.compress_size
            if stored > self._size:
                self._refuse(name, "claims more bytes than the archive has")
            if info.compress_type == zipfile.ZIP_STORED:
                if info.file_size != info.compress_size:
                    self._refuse(name, "declares a size that its stored bytes do not have")
            else:
                if info.file_size > MAX_RATIO * max(info.compress_size, 1):
                    self._refuse(name, f"expands to {info.file_size} bytes from {info.compress_size}")
                expanded += info.file_size
                if expanded > MAX_EXPANSION:
                    self._refuse(name, f"brings the archive to more than {MAX_EXPANSION} bytes when unpacked")
            self._infos[name] = info
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset < end:
                self._refuse(info.filename, "shares its bytes with another")
            end = info.header_offset + _LOCAL_HEADER + info.compress_size

    def names(self):
        """The names of the files in the archive, in its order."""
        return [name for name in self._infos if not name.endswith("/")]

    def __contains__(self, name):
        return name in self._infos

    def size(self, name):
        """The number of bytes of a member when unpacked."""
        return self._info(name).file_size

    def _info(self, name):
        if name not in self._infos:
            raise FileFormatError(f"{self.label}: there is no {name!r} in it, but {self.names()[:20]}.")
        return self._infos[name]

    def read(self, name, limit=None):
        """All bytes of a member; raises FileFormatError where they are more than `limit` or damaged."""
        if limit is not None and self.size(name) > limit:
            self._refuse(
                name, f"has {self.size(name)} bytes, more than the {limit} that such a file may have"
            )
        with self.opened(name) as member:
            return member.read()

    @contextlib.contextmanager
    def opened(self, name):
        """Give a member as a seekable file; its checksum is verified first.

        A stored member is read where it lies, a compressed one is unpacked in memory.
        """
        info = self._info(name)
        if info.compress_type == zipfile.ZIP_STORED:
            window = Window(self._file, self._data_start(info), info.file_size)
            window.name = f"{self.label}/{name}"
            if _checksum(window) != info.CRC:
                self._refuse(name, "is damaged (its checksum differs)")
            window.seek(0)
            yield window
            return
        unpacked = io.BytesIO()
        try:
            with self._zip.open(info) as member:
                while block := member.read(_BLOCK):
                    unpacked.write(block)
                    if unpacked.tell() > info.file_size:
                        self._refuse(name, "holds more bytes than it declares")
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise FileFormatError(f"{self.label}: the member {name!r} is damaged ({error}).") from error
        unpacked.seek(0)
        unpacked.name = f"{self.label}/{name}"
        yield unpacked

    def _data_start(self, info):
        """Where the bytes of a stored member begin, by the header in front of them."""
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) != _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            self._refuse(info.filename, "is not where the archive's directory says")
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        start = info.header_offset + _LOCAL_HEADER + name_length + extra_length
        if start + info.file_size > self._size:
            self._refuse(info.filename, "ends after the end of the file")
        return start


def _leads_out(name, original):
    parts = name.replace("\\", "/").split("/")
    # a colon makes a drive of what is before it on Windows, wherever in the name it stands
    return not name or name.startswith(("/", "\\")) or ".." in parts or "\0" in original or ":" in name


def _checksum(window):
    window.seek(0)
    buffer, crc = bytearray(_BLOCK), 0
    view = memoryview(buffer)
    while count := window.readinto(buffer):
        crc = zlib.crc32(view[:count], crc)
    return crc


# ---- writing


@contextlib.contextmanager
def write_archive(file):
    """Give an `ArchiveWriter` to a new zip at a path or in a seekable binary file object.

    Members are stored uncompressed, dated 1980, with mode 600: the same content gives the same bytes.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(file, (str, os.PathLike)):
            file = stack.enter_context(open(file, "w+b"))
        writer = ArchiveWriter(file)
        yield writer
        writer.finish()


class ArchiveWriter:
    """Writes members one after the other: `write` for bytes, `opened` for a seekable file that is the member.

    The zip format (PKWARE APPNOTE 6.3, stored members, zip64 where needed) is written here and not by `zipfile`,
    whose members can't be sought in: HDF5 would need a second copy.
    """

    def __init__(self, file):
        self._file = file
        self._start = file.seek(0, os.SEEK_END)
        self._entries = []  # (encoded name, crc, size, offset)

    def write(self, name, data):
        """Write a member from bytes."""
        with self.opened(name) as member:
            member.write(data)

    @contextlib.contextmanager
    def opened(self, name):
        """Give a seekable file; what is in it at the end of the block is the member."""
        encoded = name.encode("utf-8")
        if _leads_out(name, name) or any(encoded == entry[0] for entry in self._entries):
            raise ValueError(
                f"{name!r} cannot be the name of a member: it leads out of the archive or is taken."
            )
        offset = self._file.seek(0, os.SEEK_END)
        # The zip64 field is always there, so that the header's length does not depend on the size.
        self._file.write(_local_header(encoded, 0, 0))
        window = Window(self._file, offset + len(_local_header(encoded, 0, 0)))
        yield window
        size = window.seek(0, os.SEEK_END)
        crc = _checksum(window)
        self._file.seek(offset)
        self._file.write(_local_header(encoded, crc, size))
        self._entries.append((encoded, crc, size, offset - self._start))

    def copy(self, name, source):
        """Write a member from a readable binary file."""
        with self.opened(name) as member:
            shutil.copyfileobj(source, member, _BLOCK)

    def finish(self):
        """Write the directory of the archive."""
        begin = self._file.seek(0, os.SEEK_END) - self._start
        for encoded, crc, size, offset in self._entries:
            self._file.write(_central_header(encoded, crc, size, offset))
        end = self._file.tell() - self._start
        self._file.write(_end_of_directory(len(self._entries), begin, end))
        self._file.flush()


_DOS_DATE = (1 << 5) | 1  # 1 January 1980
_BIG, _MANY = 0xFFFFFFFF, 0xFFFF
_UTF8 = 0x800


def _local_header(name, crc, size):
    extra = struct.pack("<HHQQ", 1, 16, size, size)
    sizes = (_BIG, _BIG)
    fields = (b"PK\x03\x04", 45, _UTF8, 0, 0, _DOS_DATE, crc, *sizes, len(name), len(extra))
    return struct.pack("<4s5H3L2H", *fields) + name + extra


def _central_header(name, crc, size, offset):
    big = [value for value in (size, size, offset) if value >= _BIG]
    extra = struct.pack(f"<HH{len(big)}Q", 1, 8 * len(big), *big) if big else b""
    size, offset = min(size, _BIG), min(offset, _BIG)
    made_by, mode = (3 << 8) | 45, 0o100600 << 16
    return (
        struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\x01\x02", made_by, 45, _UTF8, 0, 0, _DOS_DATE, crc, size, size),
            *(len(name), len(extra), 0, 0, 0, mode, offset),
        )
        + name
        + extra
    )


def _end_of_directory(count, begin, end):
    plain = struct.pack(
        "<4s4H2LH",
        b"PK\x05\x06",
        0,
        0,
        min(count, _MANY),
        min(count, _MANY),
        min(end - begin, _BIG),
        min(begin, _BIG),
        0,
    )
    if count < _MANY and begin < _BIG:
        return plain
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, end - begin, begin)
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1) + plain
