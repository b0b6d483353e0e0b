"""safetensors: read and written as the format's own library does, with checks."""

import json
import struct
import sys
import time

import numpy as np
import pytest

from kx_io.errors import FileFormatError
from kx_io.safetensors import open_safetensors, write_safetensors

ARRAYS = {
    "w": np.arange(6, dtype="float32").reshape(2, 3),
    "empty": np.zeros((0, 2), "float64"),
    "one": np.array(3, "int8"),
    "flags": np.array([True, False]),
    "half": np.ones(2, "float16"),
}


def test_the_library_reads_what_is_written_and_the_other_way_round(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    write_safetensors(tmp_path / "a", ARRAYS, {"format": "kx"})
    library.save_file(ARRAYS, tmp_path / "b")
    theirs = library.load_file(tmp_path / "a")
    with open_safetensors(tmp_path / "a") as mine, open_safetensors(tmp_path / "b") as from_library:
        assert mine.metadata == {"format": "kx"} and list(mine) == list(ARRAYS)
        for name, value in ARRAYS.items():
            for found in (theirs[name], mine[name], from_library[name]):
                assert (found.dtype, found.shape) == (value.dtype, value.shape)
                np.testing.assert_array_equal(found, value)


def test_bfloat16_comes_back(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    value = np.full((2, 2), 1.5, ml_dtypes.bfloat16)
    write_safetensors(tmp_path / "a", {"w": value})
    with open_safetensors(tmp_path / "a") as tensors:
        assert (tensors.dtype("w"), tensors.shape("w")) == ("bfloat16", (2, 2))
        np.testing.assert_array_equal(tensors["w"], value)


def test_strings_are_not_written(tmp_path):
    with pytest.raises(TypeError, match="no dtype for 'a'"):
        write_safetensors(tmp_path / "a", {"a": np.array(["x"])})


def file_of(header, data=b""):
    return struct.pack("<Q", len(header)) + header + data


ENTRY = b'{"a": {"dtype": "%b", "shape": %b, "data_offsets": %b}}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        struct.pack("<Q", 2**60) + b"{}",
        file_of(b"no json!"),
        file_of(b"[]"),
        file_of(b"[" * 10**5),
        file_of(ENTRY % (b"F32", b"[1000000000]", b"[0, 4]"), bytes(4)),
        file_of(ENTRY % (b"F32", b"[1]", b"[0, 400]"), bytes(4)),
        file_of(ENTRY % (b"F32", b"[-1, -1]", b"[0, 4]"), bytes(4)),
        file_of(ENTRY % (b"F32", b"[1]", b"[4, 8]"), bytes(8)),
        file_of(ENTRY % (b"F32", b"[1]", b"[0, 4]"), bytes(9)),
        file_of(ENTRY % (b"PICKLE", b"[1]", b"[0, 4]"), bytes(4)),
        file_of(b'{"a": 3}'),
        file_of(
            b'{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},'
            b' "b": {"dtype": "U8", "shape": [4], "data_offsets": [2, 6]}}',
            bytes(6),
        ),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(FileFormatError, match="no safetensors file"), open_safetensors(tmp_path / "a"):
        pass


def header(path, entry):
    text = json.dumps(entry).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    return path


@pytest.mark.parametrize(
    "entry",
    [
        {"w": {"dtype": "F32", "shape": [2**62] * 160_000, "data_offsets": [0, 0]}},
        {"w": {"dtype": "F32", "shape": [0] * 65, "data_offsets": [0, 0]}},
        {"w": {"dtype": "F32", "shape": [10**5000, 0], "data_offsets": [0, 0]}},
        {"__metadata__": ["a"]},
    ],
)
def test_absurd_headers_are_refused_at_once(tmp_path, entry):
    sys.set_int_max_str_digits(0)
    try:
        path = header(tmp_path / "a", entry)
    finally:
        sys.set_int_max_str_digits(4300)
    begin = time.perf_counter()
    with pytest.raises(FileFormatError), open_safetensors(path):
        pass
    assert time.perf_counter() - begin < 5


def test_big_endian_arrays_keep_their_values(tmp_path):
    write_safetensors(tmp_path / "a", {"w": np.arange(3, dtype=">f4")})
    with open_safetensors(tmp_path / "a") as tensors:
        np.testing.assert_array_equal(tensors["w"], [0, 1, 2])
