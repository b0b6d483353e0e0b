"""Arrays by name in a safetensors file: read with checks, written deterministically."""

import contextlib
import json
import math
import os
import struct

import numpy as np

from kx_io.errors import FileFormatError

MAX_HEADER = 100 << 20  # as the format's own library
MAX_AXES = 64  # as many as NumPy has
MAX_SIZE = 1 << 62
_DTYPES = {
    **{
        f"{kind}{bits}": f"{word}{bits}"
        for kind, word in (("I", "int"), ("U", "uint"))
        for bits in (8, 16, 32, 64)
    },
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "BOOL": "bool",
    "BF16": "bfloat16",
}
_CODES = {name: code for code, name in _DTYPES.items()}


@contextlib.contextmanager
def open_safetensors(path):
    """Give the `StoredTensors` of a file: names, shapes and dtypes are known, values are read when asked.

    Raises FileFormatError where the header does not fit the file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_safetensors(f"{folder}/a.safetensors", {"w": np.ones((2,), "float32")})
    ...     with open_safetensors(f"{folder}/a.safetensors") as tensors:
    ...         tensors["w"]
    array([1., 1.], dtype=float32)
    """
    with open(path, "rb") as file:
        yield StoredTensors(file, os.fspath(path))


class StoredTensors:
    """The tensors of a safetensors file, by name, and its `metadata`."""

    def __init__(self, file, label):
        self._file, self.label = file, label
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        prefix = file.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else -1
        if not 2 <= length <= min(MAX_HEADER, size - 8):
            self._refuse("its header does not fit in the file")
        try:
            header = json.loads(file.read(length).decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise FileFormatError(f"{label}: no safetensors file, or a damaged one ({error}).") from error
        if not isinstance(header, dict):
            self._refuse("its header is no JSON object")
        self.metadata = header.pop("__metadata__", None) or {}
        if not isinstance(self.metadata, dict):
            self._refuse("its metadata is no JSON object")
        self._start = 8 + length
        self._entries = {name: self._entry(name, entry, size - self._start) for name, entry in header.items()}
        end = 0
        for name, (_, _, begin, stop) in sorted(self._entries.items(), key=lambda item: item[1][2:]):
            if begin != end:
                self._refuse(f"the bytes of {name!r} overlap others, or leave a gap")
            end = stop
        if end != size - self._start:
            self._refuse(f"its tensors need {end} bytes, it has {size - self._start}")

    def _refuse(self, why):
        raise FileFormatError(f"{self.label}: no safetensors file, or a damaged or truncated one ({why}).")

    def _entry(self, name, entry, available):
        try:
            dtype, shape = _DTYPES[entry["dtype"]], tuple(entry["shape"])
            begin, stop = entry["data_offsets"]
        except (KeyError, TypeError, ValueError):
            self._refuse(f"the entry {name!r} is not understood")
        whole = len(shape) <= MAX_AXES and all(
            type(n) is int and 0 <= n <= MAX_SIZE for n in (*shape, begin, stop)
        )
        if not whole or stop > available or stop - begin != math.prod(shape) * _numpy(dtype).itemsize:
            self._refuse(f"the entry {name!r} does not fit its bytes")
        return dtype, shape, begin, stop

    def keys(self):
        return self._entries.keys()

    def __iter__(self):
        return iter(self._entries)

    def __len__(self):
        return len(self._entries)

    def __contains__(self, name):
        return name in self._entries

    def shape(self, name):
        """The shape of a tensor."""
        return self._entries[name][1]

    def dtype(self, name):
        """The dtype of a tensor, by name."""
        return self._entries[name][0]

    def __getitem__(self, name):
        dtype, shape, begin, _ = self._entries[name]
        out = np.empty(shape, _numpy(dtype))
        self._file.seek(self._start + begin)
        if self._file.readinto(out.reshape(-1).view(np.uint8)) != out.nbytes:
            self._refuse(f"the file ends inside {name!r}")
        return out


def _numpy(dtype):
    if dtype == "bfloat16":
        import ml_dtypes  # kx-tensor brings it; a file without bfloat16 does not need it

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(dtype)


def write_safetensors(path, tensors, metadata=None):
    """Write arrays by name, in the order given, one at a time; `metadata` maps str to str.

    Raises TypeError for a dtype that the format has not (complex, strings).
    """
    arrays = {name: np.asarray(value) for name, value in tensors.items()}
    header = {"__metadata__": dict(metadata)} if metadata else {}
    offset = 0
    for name, value in arrays.items():
        if value.dtype.name not in _CODES:
            raise TypeError(f"safetensors has no dtype for {name!r}, which is {value.dtype.name}.")
        stop = offset + value.nbytes
        code = _CODES[value.dtype.name]
        header[name] = {"dtype": code, "shape": list(value.shape), "data_offsets": [offset, stop]}
        offset = stop
    encoded = json.dumps(header, separators=(",", ":")).encode("utf-8")
    encoded += b" " * (-len(encoded) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for value in arrays.values():
            little = value.astype(value.dtype.newbyteorder("<"), copy=False)
            file.write(np.ascontiguousarray(little).reshape(-1).view(np.uint8))
