"""HDF5: what is written is read back, and what could hurt is refused."""

import io

import h5py
import numpy as np
import pytest

from kx_io.errors import FileFormatError
from kx_io.hdf5 import open_hdf5, write_hdf5


def made(tmp_path, make, name="a.h5"):
    path = tmp_path / name
    with h5py.File(path, "w") as file:
        make(file)
    return path


def refused(tmp_path, make, match):
    path = made(tmp_path, make)
    with pytest.raises(FileFormatError, match=match), open_hdf5(path):
        pass
    with open(path, "rb") as file, pytest.raises(FileFormatError, match=match), open_hdf5(file):
        pass


DTYPES = ["float16", "float32", "float64", "int8", "int64", "uint8", "uint32", "bool", "complex64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 2)])
def test_arrays_come_back(tmp_path, dtype, shape):
    value = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    with write_hdf5(tmp_path / "a.h5") as root:
        root.group("layers").group("dense").array("0", value)
    with open_hdf5(tmp_path / "a.h5") as root:
        stored = root["layers/dense/0"]
        assert (stored.shape, stored.dtype) == (shape, value.dtype)
        np.testing.assert_array_equal(stored.read(), value)
        into = np.empty(shape, dtype)
        assert stored.read(into) is into
        np.testing.assert_array_equal(into, value)
        assert list(root.arrays()) == [("layers/dense/0", stored)]


@pytest.mark.parametrize("shape", [(), (3, 2)])
def test_bfloat16_is_written_as_keras_does(tmp_path, shape):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    value = np.full(shape, 1.5, ml_dtypes.bfloat16)
    with write_hdf5(tmp_path / "a.h5") as root:
        root.array("0", value)
    with open_hdf5(tmp_path / "a.h5") as root:
        assert root["0"].dtype == value.dtype
        np.testing.assert_array_equal(root["0"].read(), value)
        into = np.empty(shape, ml_dtypes.bfloat16)
        np.testing.assert_array_equal(root["0"].read(into), value)
        np.testing.assert_array_equal(root["0"].read(np.empty(shape, "float32")), value.astype("float32"))
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["0"].dtype == np.dtype("V2") and file["0"].attrs["dtype"] == "bfloat16"


def test_strings_and_attributes_come_back():
    buffer = io.BytesIO()
    with write_hdf5(buffer) as root:
        root.array("text", "Grüße")
        root.array("words", np.array(["a", "bc"]))
        root.attribute("name", "dense")
        root.attribute("count", 3)
    with open_hdf5(buffer) as root:
        assert root["text"].read() == "Grüße"
        assert root["words"].read().tolist() == ["a", "bc"]
        assert root.attributes() == {"name": "dense", "count": 3}
        assert root.attribute("none") is None


def test_long_lists_of_names_are_cut_as_keras_does():
    names = [f"layer_with_quite_a_long_name_{i}" for i in range(5000)]
    buffer = io.BytesIO()
    with write_hdf5(buffer) as root:
        root.write_names("layer_names", names)
        root.write_names("none", [])
    with open_hdf5(buffer) as root:
        assert root.names("layer_names") == names
        assert root.names("none") == []
        assert root.names("missing") is None


def test_two_arrays_of_one_name_are_not_written():
    with write_hdf5(io.BytesIO()) as root:
        root.array("0", 1.0)
        with pytest.raises(ValueError, match="written as /0"):
            root.array("0", 2.0)


def test_a_name_with_dots_is_only_a_name(tmp_path):
    with open_hdf5(made(tmp_path, lambda f: f.create_group("layers").create_dataset("..", data=1.0))) as root:
        assert root["layers"][".."].read() == 1.0
        with pytest.raises(FileFormatError, match="no 'x'"):
            root["layers"]["x"]


def compressed(file):
    file.create_dataset("0", data=np.zeros((100, 100)), chunks=(10, 10), compression="gzip", shuffle=True)


def test_compressed_arrays_are_read(tmp_path):
    with open_hdf5(made(tmp_path, compressed)) as root:
        np.testing.assert_array_equal(root["0"].read(), np.zeros((100, 100)))


def external_storage(file):
    file.create_dataset("0", (10,), "u1", external=[("/etc/passwd", 0, 10)])


def virtual(file):
    layout = h5py.VirtualLayout((10,), "u1")
    layout[:] = h5py.VirtualSource("other.h5", "data", (10,))
    file.create_virtual_dataset("0", layout)


def cycle(file):
    file.create_group("a")["b"] = file["/"]


def twice(file):
    file["a"] = np.ones(3)
    file["b"] = file["a"]


def deep(file):
    for _ in range(80):
        file = file.create_group("g")


def references(file):
    file["a"] = 1.0
    file.create_dataset("0", data=file["a"].ref, dtype=h5py.ref_dtype)


def lengths(file):
    file.create_dataset("0", (3,), h5py.vlen_dtype("f4"))


def link_attribute(file):
    file["g"] = h5py.SoftLink("/a")


REFUSED = {
    "external link": (lambda f: f.__setitem__("0", h5py.ExternalLink("/etc/passwd", "/x")), "is a link"),
    "soft link": (link_attribute, "is a link"),
    "external storage": (external_storage, "another file"),
    "virtual": (virtual, "virtual"),
    "cycle": (cycle, "two links"),
    "hard link": (twice, "two links"),
    "depth": (deep, "levels deep"),
    "references": (references, "references"),
    "varying length": (lengths, "varying length"),
    "compound": (lambda f: f.create_dataset("0", data=np.zeros(2, "i4,f4")), "compound"),
    "opaque": (lambda f: f.create_dataset("0", data=np.zeros(2, "V16")), "opaque"),
    "never written": (lambda f: f.create_dataset("0", (10**12,), "f4"), "declares"),
    "chunks never written": (lambda f: f.create_dataset("0", (10**12,), "f4", chunks=(100,)), "declares"),
    "shape bomb": (
        lambda f: f.create_dataset("0", (10**7,), "f4", chunks=(10**7,), compression="gzip")[...].sum(),
        "declares",
    ),
    "huge": (
        lambda f: f.create_dataset("0", data=np.zeros(10**7), chunks=(10**6,), compression="gzip"),
        "declares",
    ),
    "no shape": (lambda f: f.create_dataset("0", data=h5py.Empty("f4")), "no shape"),
    "named type": (lambda f: f.__setitem__("0", np.dtype("f4")), "neither"),
    "filter": (
        lambda f: f.create_dataset("0", data=np.zeros(100, "i4"), chunks=(10,), scaleoffset=0),
        "needs the filter",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_hurt_is_refused(tmp_path, name):
    refused(tmp_path, *REFUSED[name])


def test_all_compressed_arrays_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("kx_io.hdf5.MAX_EXPANSION", 10**5)
    monkeypatch.setattr("kx_io.hdf5.MAX_FILE_RATIO", 1)

    def many(file):
        for i in range(20):
            file.create_dataset(str(i), data=np.zeros((100, 100)), chunks=(100, 100), compression="gzip")

    refused(tmp_path, many, "in all")


def test_strings_that_multiply_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("kx_io.hdf5.MAX_EXPANSION", 16)
    path = made(
        tmp_path, lambda f: f.create_dataset("0", data=["x" * 10_000] * 50, dtype=h5py.string_dtype())
    )
    with open_hdf5(path) as root:
        root["0"]._check.size = 10_000
        with pytest.raises(FileFormatError, match="longer than the file"):
            root["0"].read()


@pytest.mark.parametrize("size", [0, 7, 100, 3000])
def test_a_truncated_file_says_so(tmp_path, size):
    path = made(tmp_path, lambda f: f.create_dataset("0", data=np.ones(1000)))
    path.write_bytes(path.read_bytes()[:size])
    with (
        pytest.raises(FileFormatError, match="a.h5: no HDF5 file, or a damaged or truncated one"),
        open_hdf5(path),
    ):
        pass


def test_attributes_of_strange_types_are_refused(tmp_path):
    def make(file):
        file.attrs["ref"] = np.array([file.ref], dtype=h5py.ref_dtype)

    with open_hdf5(made(tmp_path, make)) as root, pytest.raises(FileFormatError, match="references"):
        root.attribute("ref")


def test_many_names_in_a_large_file_are_read(tmp_path, monkeypatch):
    """As tf_keras writes them: the names are short, whatever the size of the arrays beside them."""
    monkeypatch.setattr("kx_io.hdf5.MAX_ATTRIBUTE", 1 << 18)

    def make(file):
        file["kernel"] = np.zeros(1 << 17)
        file.attrs["names"] = [f"block_{i}" for i in range(200)]

    with open_hdf5(made(tmp_path, make)) as root:
        assert root.names("names")[-1] == "block_199"


def test_many_names_that_name_one_long_string_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("kx_io.hdf5.MAX_ATTRIBUTE", 4096)

    def make(file):
        file.attrs["names"] = ["x" * 5000, *["y"] * 20]

    with open_hdf5(made(tmp_path, make)) as root, pytest.raises(FileFormatError, match="too many"):
        root.names("names")
