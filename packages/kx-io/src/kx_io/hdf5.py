"""HDF5 files: the one checked reader, for files from anywhere, and the one writer.

Reading walks the whole tree of a file before anything of it is used, and refuses what could read another file, what
could take more memory than the file can fill, and what a file of weights has no use for.
"""

import contextlib
import functools
import math
import os

import h5py
import numpy as np

from kx_io.errors import FileFormatError

MAX_OBJECTS = 1_000_000
MAX_DEPTH = 64
MAX_RATIO = 1000  # a compressed array may be this many times its stored bytes
MAX_EXPANSION = 4 << 30  # and all compressed arrays of a file together may have this many bytes ...
MAX_FILE_RATIO = 100  # ... or this many times the file
MAX_ATTRIBUTE = 64 << 20
_SLICE = 60_000  # bytes of names in one attribute: an object's header holds 64 KiB
_FILTERS = frozenset(
    (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, 32000)
)  # 32000: LZF

# What h5py raises for damaged files.
_OF_THE_LIBRARY = (OSError, ValueError, RuntimeError, KeyError, TypeError, UnicodeError, OverflowError)


# ---- reading


@contextlib.contextmanager
def open_hdf5(file):
    """Give the root `StoredGroup` of a path's or a binary file object's HDF5, after checks of its whole tree.

    Raises FileFormatError for anything refused, FileNotFoundError for no file.

    >>> import io
    >>> buffer = io.BytesIO()
    >>> with write_hdf5(buffer) as root:
    ...     _ = root.group("layers").array("kernel", np.eye(2))
    >>> with open_hdf5(buffer) as root:
    ...     root["layers"]["kernel"].read()
    array([[1., 0.],
           [0., 1.]])
    """
    label = _label(file)
    if isinstance(file, (str, bytes, os.PathLike)):
        file, size = os.fspath(file), os.stat(file).st_size
    else:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
    try:
        opened = h5py.File(file, "r")
    except PermissionError:
        raise
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise FileFormatError(f"{label}: no HDF5 file, or a damaged or truncated one ({error}).") from error
    with opened:
        yield _Check(label, size, file).root(opened)


class _Check:
    """The walk over a file's tree, with what it may still take."""

    def __init__(self, label, size, file):
        self.label, self.size, self.file = label, size, file
        self.plain = self.expanded = 0
        self.seen = set()

    @functools.cached_property
    def longest_string(self):
        """The most bytes that a string of varying length can have: those of the largest heap that may hold it."""
        if isinstance(self.file, (str, bytes)):
            with open(self.file, "rb") as opened:
                return _largest_heap(opened, self.size)
        return _largest_heap(self.file, self.size)

    def root(self, opened):
        try:
            return self.group(opened["/"], "", 0)
        except FileFormatError:
            raise
        except _OF_THE_LIBRARY as error:
            raise FileFormatError(f"{self.label}: a damaged or truncated HDF5 file ({error}).") from error

    def refuse(self, path, why):
        raise FileFormatError(f"{self.label}: {path or '/'} {why}. Such a file is not read.")

    def group(self, group, path, depth):
        self.once(group, path)
        if depth > MAX_DEPTH:
            self.refuse(path, f"is nested more than {MAX_DEPTH} levels deep")
        members = {}
        for name in group:
            where = f"{path}/{name}"
            if name in (".", ""):
                self.refuse(where, "has a name that means the group itself")
            kind = group.get(name, getlink=True, getclass=True)
            if kind is not h5py.HardLink:
                what = getattr(kind, "__name__", "damaged")
                self.refuse(where, f"is a link ({what}) to another place, which may lie in another file")
            item = group[name]
            if isinstance(item, h5py.Group):
                members[name] = self.group(item, where, depth + 1)
            elif isinstance(item, h5py.Dataset):
                members[name] = self.array(item, where)
            else:
                self.refuse(where, "is neither a group nor an array")
        return StoredGroup(self, group, path, members)

    def once(self, item, path):
        info = h5py.h5o.get_info(item.id)
        key = (info.fileno, info.addr)
        if key in self.seen:
            self.refuse(path, "is reached by two links")
        self.seen.add(key)
        if len(self.seen) > MAX_OBJECTS:
            self.refuse(path, f"is one of more than {MAX_OBJECTS} objects")

    def array(self, data, path):
        self.once(data, path)
        plist = data.id.get_create_plist()
        layout = plist.get_layout()
        if layout == h5py.h5d.VIRTUAL:
            self.refuse(path, "is a virtual dataset, made of other files")
        if layout != h5py.h5d.CHUNKED and plist.get_external_count():
            self.refuse(path, "keeps its data in another file")
        for i in range(plist.get_nfilters()):
            code, _, _, name = plist.get_filter(i)
            if code not in _FILTERS:
                self.refuse(path, f"needs the filter {name.decode(errors='replace') or code!r}")
        self.check_type(data.id.get_type(), path)
        if data.shape is None:
            self.refuse(path, "has no shape")
        declared = math.prod(data.shape) * data.dtype.itemsize
        stored = data.id.get_storage_size()
        if stored > self.size:
            self.refuse(path, f"claims {stored} stored bytes in a file of {self.size}")
        if layout == h5py.h5d.CHUNKED:
            chunk = math.prod(data.chunks) * data.dtype.itemsize
            if declared > MAX_RATIO * stored or chunk > MAX_RATIO * max(stored, 1):
                self.refuse(path, f"declares {declared} bytes, but only {stored} are stored")
            self.expanded += declared
            limit = max(MAX_EXPANSION, MAX_FILE_RATIO * self.size)
            if self.expanded > limit:
                self.refuse(path, f"brings the compressed arrays to more than {limit} bytes in all")
        else:
            if declared > stored:
                self.refuse(path, f"declares {declared} bytes, but only {stored} are stored")
            self.plain += declared
            if self.plain > self.size:
                self.refuse(path, "shares its stored bytes with other arrays")
        return StoredArray(self, data, path)

    def check_type(self, kind, path):
        """Numbers, booleans, complex numbers, strings and two-byte opaque values (bfloat16) may be in a file."""
        code = kind.get_class()
        if code in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.STRING):
            return
        if code == h5py.h5t.ENUM and kind.dtype == np.bool_:
            return
        if code == h5py.h5t.COMPOUND and kind.dtype.kind == "c":
            return
        if code == h5py.h5t.OPAQUE and kind.get_size() <= 2:
            return
        names = {
            h5py.h5t.REFERENCE: "references",
            h5py.h5t.COMPOUND: "compound values",
            h5py.h5t.VLEN: "arrays of varying length",
            h5py.h5t.ENUM: "enumerations",
            h5py.h5t.OPAQUE: "opaque values",
            h5py.h5t.ARRAY: "nested arrays",
            h5py.h5t.BITFIELD: "bit fields",
            h5py.h5t.TIME: "times",
        }
        self.refuse(path, f"holds {names.get(code, 'values of an unknown type')}")


class StoredGroup:
    """A checked group: a mapping from names to `StoredGroup` and `StoredArray`; "a/b" is b in a.

    >>> import io
    >>> buffer = io.BytesIO()
    >>> with write_hdf5(buffer) as root:
    ...     root.group("vars").attribute("name", "dense")
    >>> with open_hdf5(buffer) as root:
    ...     root["vars"].attribute("name")
    'dense'
    """

    def __init__(self, check, group, path, members):
        self._check, self._group, self._members = check, group, members
        self.path = path or "/"

    def __iter__(self):
        return iter(self._members)

    def __len__(self):
        return len(self._members)

    @property
    def file_bytes(self):
        """The bytes of all arrays in the file together, unpacked."""
        return self._check.plain + self._check.expanded

    def _find(self, name):
        item = self._members.get(name)
        if item is None and "/" in name:
            item = self
            for part in filter(None, name.split("/")):
                item = item._members.get(part) if isinstance(item, StoredGroup) else None
        return item

    def __contains__(self, name):
        return self._find(name) is not None

    def __getitem__(self, name):
        found = self._find(name)
        if found is None:
            raise FileFormatError(
                f"{self._check.label}: there is no {name!r} in {self.path}; it has {list(self)[:20]}."
            )
        return found

    def get(self, name, default=None):
        found = self._find(name)
        return default if found is None else found

    def keys(self):
        return self._members.keys()

    def items(self):
        return self._members.items()

    def values(self):
        return self._members.values()

    def arrays(self):
        """All `(path, StoredArray)` at or below the group, paths relative to it."""
        for name, item in self._members.items():
            if isinstance(item, StoredArray):
                yield name, item
            else:
                yield from ((f"{name}/{below}", array) for below, array in item.arrays())

    def attribute(self, name, default=None):
        """The value of an attribute: a str, number or array; strings are decoded."""
        return _attribute(self._check, self._group, self.path, name, default)

    def has_attribute(self, name):
        """Whether there is an attribute `name`."""
        return _has_attribute(self._check, self._group, self.path, name)

    def attributes(self):
        """All attributes by name."""
        return {name: self.attribute(name) for name in self._group.attrs}

    def names(self, name):
        """The list of strings in attribute `name`, which may be cut into `name0`, `name1`, ...; None for none."""
        whole = self.attribute(name)
        if whole is not None:
            return [str(item) for item in np.ravel(whole)]
        if not self.has_attribute(f"{name}0"):
            return None
        found, i = [], 0
        while self.has_attribute(f"{name}{i}"):
            found.extend(str(item) for item in np.ravel(self.attribute(f"{name}{i}")))
            i += 1
        return found


def _has_attribute(check, item, path, name):
    try:
        return name in item.attrs
    except _OF_THE_LIBRARY as error:
        raise FileFormatError(f"{check.label}: the attributes of {path} are damaged ({error}).") from error


def _attribute(check, item, path, name, default):
    if not _has_attribute(check, item, path, name):
        return default
    where = f"attribute {name!r} of {path}"
    try:
        stored = item.attrs.get_id(name)
        kind = stored.get_type()
        check.check_type(kind, where)
        count = math.prod(stored.shape) if stored.shape else 1
        strings = kind.get_class() == h5py.h5t.STRING and kind.is_variable_str()
        if strings:  # the library tells no length before it reads, and many may name one that is long
            most = 16 * MAX_ATTRIBUTE
            too_much = (count - 1) * check.size > most and count * check.longest_string > most
        else:
            too_much = count * kind.get_size() > MAX_ATTRIBUTE
        if too_much:
            check.refuse(where, f"has {count} values, too many")
        value = item.attrs[name]
    except _OF_THE_LIBRARY as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{check.label}: {where} cannot be read ({error}).") from error
    return _decoded(value)


def _decoded(value):
    """Bytes as str; an array of one-byte strings or of objects as an array of str; empty values as None."""
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
        flat = [
            v.decode("utf-8", errors="replace") if isinstance(v, bytes) else str(v) for v in value.ravel()
        ]
        return np.array(flat, dtype=str).reshape(value.shape) if flat else np.zeros(value.shape, "<U1")
    return value


class StoredArray:
    """A checked array of a file, read when asked: `shape`, `dtype`, `read()`, and NumPy takes it as an array."""

    def __init__(self, check, data, path):
        self._check, self._data, self.path = check, data, path
        self.shape = tuple(data.shape)
        self.dtype = data.dtype
        # Keras says in an attribute what two opaque bytes are, but not in its whole-model files
        if data.dtype.kind == "V" or (data.dtype.itemsize == 2 and self.attribute("dtype") == "bfloat16"):
            import ml_dtypes  # kx-tensor brings it; a file without bfloat16 does not need it

            self.dtype = np.dtype(ml_dtypes.bfloat16)

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return math.prod(self.shape)

    @property
    def nbytes(self):
        return self.size * self.dtype.itemsize

    def attribute(self, name, default=None):
        """The value of an attribute, as that of a group."""
        return _attribute(self._check, self._data, self.path, name, default)

    def read(self, out=None):
        """The values as an array, or written into `out`, a contiguous array of the same shape."""
        try:
            if h5py.check_string_dtype(self._data.dtype) is not None:
                return self._strings()
            direct = out is not None and out.dtype == self.dtype and out.flags.c_contiguous
            raw = out if direct else np.empty(self.shape, self.dtype)
            if raw.size:
                view = raw.view(self._data.dtype) if raw.dtype != self._data.dtype else raw
                self._data.read_direct(view)
        except _OF_THE_LIBRARY as error:
            raise FileFormatError(f"{self._check.label}: {self.path} cannot be read ({error}).") from error
        if out is None:
            return raw
        if raw is not out:
            out[...] = raw
        return out

    def _strings(self):
        """Strings one by one, as a small file may hold many that all name the same long one."""
        left = max(MAX_EXPANSION // 16, 2 * self._check.size)
        flat = []
        for i in range(self.size):
            value = self._data[np.unravel_index(i, self.shape)] if self.shape else self._data[()]
            flat.append(value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value))
            left -= len(flat[-1])
            if left < 0:
                self._check.refuse(self.path, "holds strings that are longer than the file")
        return np.array(flat, dtype=object).reshape(self.shape)

    def __array__(self, dtype=None, copy=None):
        value = self.read()
        return value if dtype is None else value.astype(dtype, copy=False)

    def __getitem__(self, key):
        return self.read()[key]

    def __len__(self):
        if not self.shape:
            raise TypeError("A stored number has no length.")
        return self.shape[0]

    def __repr__(self):
        return f"<StoredArray {self.path} shape={self.shape} dtype={self.dtype}>"


def _largest_heap(opened, size):
    """The largest size that a global heap of the file claims: strings of varying length are in such heaps.

    They are found by their signature, wherever it stands, so the answer may be too large, never too small.
    """
    largest, step = 0, 16 << 20
    for start in range(0, size, step):
        opened.seek(start)
        block = opened.read(step + 15)  # a heap's head has 16 bytes
        place = block.find(b"GCOL")
        while 0 <= place < step:
            for width in (2, 4, 8):  # of a size in this file
                claimed = int.from_bytes(block[place + 8 : place + 8 + width], "little")
                if claimed <= size - start - place:
                    largest = max(largest, claimed)
            place = block.find(b"GCOL", place + 4)
    return largest


def _label(file):
    """What messages call a file."""
    if isinstance(file, (str, os.PathLike)):
        return os.fspath(file)
    return str(getattr(file, "name", None) or "the file")


# ---- writing


@contextlib.contextmanager
def write_hdf5(file):
    """Give the root `WritableGroup` of a new HDF5 file at a path or in a seekable binary file object.

    Arrays are written contiguous and uncompressed, straight from their memory.
    """
    target = file if not isinstance(file, os.PathLike) else os.fspath(file)
    with h5py.File(target, "w") as opened:
        yield WritableGroup(opened)


class WritableGroup:
    """A group being written: `group`, `array`, `attribute`, `write_names`.

    >>> import io
    >>> buffer = io.BytesIO()
    >>> with write_hdf5(buffer) as root:
    ...     root.write_names("layer_names", ["dense", "dropout"])
    >>> with open_hdf5(buffer) as root:
    ...     root.names("layer_names")
    ['dense', 'dropout']
    """

    def __init__(self, group):
        self._group = group

    def group(self, name):
        """The group `name` in this one, made if need be."""
        return WritableGroup(self._group.require_group(name))

    def array(self, name, value):
        """Write an array (or number, or str) as `name`; raises ValueError for a name taken."""
        if name in self._group:
            raise ValueError(f"Two arrays would be written as {self._group.name.rstrip('/')}/{name}.")
        if isinstance(value, str):
            self._group.create_dataset(name, data=value, dtype=h5py.string_dtype())
            return None
        value = np.asarray(value)
        if value.dtype.kind == "U" or value.dtype.hasobject:
            self._group.create_dataset(name, data=value.astype(object), dtype=h5py.string_dtype())
            return None
        if (
            value.dtype.name == "bfloat16"
        ):  # as Keras: two opaque bytes, and an attribute that says what they are
            data = self._group.create_dataset(name, data=np.ascontiguousarray(value).view("V2"))
            data.attrs["dtype"] = "bfloat16"
            return None
        self._group.create_dataset(name, data=value)
        return None

    def attribute(self, name, value):
        """Write an attribute: a str, a number, or an array of numbers."""
        self._group.attrs[name] = value

    def write_names(self, name, values):
        """Write a list of strings as one attribute, or, if they are too long for one, as `name0`, `name1`, ..."""
        encoded = [value.encode("utf-8") for value in values]
        width = max(map(len, encoded), default=1) or 1
        if width > _SLICE:
            raise ValueError(f"A name of {width} bytes is too long for an HDF5 attribute ({_SLICE}).")
        per = _SLICE // width
        if len(encoded) <= per:
            self._group.attrs[name] = np.array(encoded, dtype=f"S{width}")
            return
        for i in range(0, len(encoded), per):
            self._group.attrs[f"{name}{i // per}"] = np.array(encoded[i : i + per], dtype=f"S{width}")
