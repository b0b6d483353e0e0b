"""The reader of pickles and `.npz` files: what the datasets hold is read, anything else is refused."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from kx_datasets.restricted import load_pickle, read_npz


def ragged(*lists):
    return np.fromiter(lists, object, len(lists))


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_reads_arrays_of_lists_and_bytes(protocol):
    batch = {b"data": np.arange(6, dtype="u1").reshape(2, 3), b"labels": [1, 2], b"filenames": [b"a", b"b"]}
    back = load_pickle(io.BytesIO(pickle.dumps(batch, protocol)))
    assert back[b"labels"] == [1, 2] and back[b"filenames"] == [b"a", b"b"]
    assert back[b"data"].dtype == np.uint8 and back[b"data"].tolist() == [[0, 1, 2], [3, 4, 5]]
    texts = load_pickle(io.BytesIO(pickle.dumps(ragged([1], [2, 3]), protocol)))
    assert texts.dtype == object and texts.tolist() == [[1], [2, 3]]


def test_reads_a_batch_as_python_2_wrote_it():
    content = (
        b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03(K\x03K\x08eU\x04dataq\x04cnumpy.core.multiarray"
        b"\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02K\x03\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x06\x00\x01\x02\x03\x04\xfftbu."
    )
    back = load_pickle(io.BytesIO(content))
    assert back[b"labels"] == [3, 8] and back[b"data"].tolist() == [[0, 1, 2], [3, 4, 255]]


class Harm:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "function",
    [os.system, eval, exec, getattr, np.load, np.fromfile, pickle.loads, io.open, bytearray, complex],
)
def test_refuses_every_other_name(function, tmp_path):
    content = pickle.dumps([Harm(function, f"touch {tmp_path}/harm")])
    with pytest.raises(pickle.UnpicklingError, match="Refusing .*: the file is damaged, or means harm"):
        load_pickle(io.BytesIO(content))
    assert os.listdir(tmp_path) == []


def rewritten(array, old, new):
    content = pickle.dumps(array, 2)
    assert content.count(old) == 1
    return content.replace(old, new)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (pickle.dumps(np.zeros(2), 2), "dtype 'f8'"),
        (rewritten(np.zeros(3, "u1"), b"K\x03\x85", b"K\x7f\x85"), "shape .127,. that .* hold 127 bytes"),
        (rewritten(ragged([1], [2]), b"K\x02\x85", b"K\x7f\x85"), "shape .127,. that .* hold 127 items"),
        (rewritten(np.zeros(3, "u1"), b"K\x03\x85", b"J\xff\xff\xff\xff\x85"), r"shape \(-1,\)"),
        (rewritten(np.zeros(3, "u1"), b"cnumpy\nndarray", b"cnumpy\ndtype"), "rebuild anything but an array"),
        (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n}X\x01\x00\x00\x00aK\x01sb.", "damaged"),
        (b"\x80\x02cnumpy\nndarray\n}X\x01\x00\x00\x00aK\x01sb.", "damaged"),
        (b"\x80\x02cnumpy\nndarray\n)\x81(K\x01)NK\x00]tb.", "without a dtype"),
        (b"\x80\x02]q", "damaged|truncated"),
        (b"", "damaged|truncated"),
    ],
)
def test_refuses_what_does_not_add_up(content, text):
    with pytest.raises(pickle.UnpicklingError, match=text):
        load_pickle(io.BytesIO(content))


def test_npz_reads_every_kind_of_array_of_the_datasets():
    given = {
        "a": np.arange(6, dtype="f4").reshape(2, 3),
        "b": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "c": np.array(7),
        "d": np.zeros((0, 3), "u1"),
        "e": np.array([True, False]),
    }
    for name, array in zip(given, read_npz(npz(**given), *given), strict=True):
        assert array.dtype == given[name].dtype and array.shape == given[name].shape
        assert np.array_equal(array, given[name]) and array.flags.writeable


def test_npz_reads_arrays_of_lists_only_where_allowed():
    file = npz(x=ragged([1], [2, 3]), y=np.array([0, 1]))
    x, y = read_npz(file, "x", "y", objects=("x",))
    assert x.tolist() == [[1], [2, 3]] and y.tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"x.npy has dtype object"):
        read_npz(file, "x")
    with pytest.raises(ValueError, match=r"\['z'\] are missing from \['x.npy', 'y.npy'\]"):
        read_npz(file, "x", "z")


def raw_npz(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", content)
    return file


def npy(array, shape):
    """Bytes of an `.npy` that claims another shape."""
    out = io.BytesIO()
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, header)
    return out.getvalue() + (pickle.dumps(array) if array.dtype == object else array.tobytes())


def test_npz_refuses_claims_before_it_allocates():
    with pytest.raises(ValueError, match=r"claims shape \(1000000000000,\) of float64, but holds 16 bytes"):
        read_npz(raw_npz(npy(np.zeros(2), (10**12,))), "x")
    with pytest.raises(ValueError, match=r"not the array of \(5,\) objects"):
        read_npz(raw_npz(npy(ragged([1], [2]), (5,))), "x", objects=("x",))
    with pytest.raises(ValueError, match="not the array"):
        read_npz(raw_npz(npy(np.zeros(2), (2,))[:-16] + pickle.dumps([1, 2])), "x", objects=("x",))
    with pytest.raises(ValueError, match="dtype .S3"):
        read_npz(npz(x=np.array([b"abc"])), "x")
