"""The eight loaders on small files of their own formats: where they are looked for, what comes of them."""

import bz2
import dataclasses
import gzip
import hashlib
import io
import json
import os
import pathlib
import pickle
import sys
import tarfile
import types

import numpy as np
import pytest

import kx_datasets
from kx_datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "keras.json").read_text())
X = np.arange(5 * 784, dtype="u1").reshape(5, 28, 28)
Y = np.arange(5, dtype="u1")


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


DIGITS = npz(x_train=X, y_train=Y, x_test=X[:2], y_test=Y[:2])


@pytest.fixture
def accept(monkeypatch):
    """Let a loader's source be these bytes, at this URL."""

    def run(module, name, content, url="http://127.0.0.1:1/offline", **changes):
        source = getattr(module, name)
        sha256 = (hashlib.sha256(content).hexdigest(),)
        monkeypatch.setattr(module, name, dataclasses.replace(source, sha256=sha256, url=url, **changes))
        return content

    return run


@pytest.fixture
def local(tmp_path, monkeypatch):
    """A function that puts a file into a folder of `KX_DATASETS`."""
    monkeypatch.setenv("KX_DATASETS", str(tmp_path / "local"))

    def put(name, content):
        path = tmp_path / "local" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return put


def check_digits(parts):
    (x_train, y_train), (x_test, y_test) = parts
    assert np.array_equal(x_train, X) and np.array_equal(y_train, Y)
    assert np.array_equal(x_test, X[:2]) and np.array_equal(y_test, Y[:2])
    assert x_train.flags.writeable


def test_local_folder_then_cache_then_network(accept, local, server, home):
    server.files["/m"] = accept(mnist, "DIGITS", DIGITS, url=f"{server.url}/m")
    check_digits(mnist.load_data())
    assert server.requests == ["/m"] and (home / "datasets/mnist.npz").read_bytes() == DIGITS
    check_digits(mnist.load_data())
    (home / "datasets/mnist.npz").unlink()
    local("mnist.npz", DIGITS)
    check_digits(mnist.load_data())
    assert server.requests == ["/m"] and not (home / "datasets/mnist.npz").exists()


def test_the_path_argument_names_the_file_in_the_cache(accept, server, home):
    server.files["/m"] = accept(mnist, "DIGITS", DIGITS, url=f"{server.url}/m")
    check_digits(mnist.load_data(path="other.npz"))
    assert [path.name for path in (home / "datasets").iterdir()] == ["other.npz"]
    with pytest.raises(ValueError, match="Paths are no longer accepted"):
        mnist.load_data("/data/mnist.npz")


def test_several_local_folders(accept, tmp_path, monkeypatch):
    accept(mnist, "DIGITS", DIGITS)
    (tmp_path / "b" / "datasets").mkdir(parents=True)
    (tmp_path / "b" / "datasets" / "mnist.npz").write_bytes(DIGITS)
    monkeypatch.setenv("KX_DATASETS", os.pathsep.join([f"{tmp_path}/a", f"{tmp_path}/b"]))
    check_digits(mnist.load_data())


def test_a_wrong_local_file_is_named_and_passed_over(accept, local, server):
    server.files["/m"] = accept(mnist, "DIGITS", DIGITS, url=f"{server.url}/m")
    local("mnist.npz", b"not it")
    sha256 = mnist.DIGITS.sha256[0]
    with pytest.warns(UserWarning, match=f"Ignoring .*mnist.npz: its SHA-256 is .*expected {sha256}"):
        check_digits(mnist.load_data())


def test_offline_the_error_says_all_that_helps(local, home, monkeypatch):
    url = "http://127.0.0.1:1/mnist.npz"
    monkeypatch.setattr(mnist, "DIGITS", dataclasses.replace(mnist.DIGITS, url=url))
    with pytest.raises(FileNotFoundError) as caught:
        mnist.load_data()
    assert isinstance(caught.value, kx_datasets.DatasetNotFound)
    assert isinstance(caught.value.__cause__, ConnectionError)
    text = str(caught.value)
    for part in ("mnist.npz", url, "refused", "KX_DATASETS", f"{home}/datasets", "local"):
        assert part in text
    assert all(sha256 in text for sha256 in mnist.DIGITS.sha256)


def test_a_download_that_is_something_else(accept, server, home):
    accept(mnist, "DIGITS", DIGITS, url=f"{server.url}/m")
    server.files["/m"] = b"<html>Please log in to this network</html>"
    with pytest.raises(kx_datasets.ChecksumError):
        mnist.load_data()
    assert list((home / "datasets").iterdir()) == []


def test_load_available_always_gives_digits_and_says_which(accept, server):
    accept(mnist, "DIGITS", DIGITS)
    (x_train, _), (x_test, _), sentence = mnist.load_available()
    assert (len(x_train), len(x_test)) == (10_000, 2_000)
    assert (
        "comes with kx-datasets: 10,000 training and 2,000 test" in sentence
        and "not be downloaded" in sentence
    )
    accept(mnist, "DIGITS", DIGITS, url=f"{server.url}/m")
    server.files["/m"] = b"<html>"
    assert "its download was not what it should be" in mnist.load_available()[2]
    server.files["/m"] = DIGITS
    train, test, sentence = mnist.load_available()
    check_digits((train, test))
    assert sentence == "MNIST, the full set: 5 training and 2 test digits."


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.tobytes()


@pytest.mark.parametrize("inner", ["", "fashion-mnist/"])
def test_fashion_mnist(local, monkeypatch, inner):
    contents = [gzip.compress(idx(each)) for each in (Y, X, Y[:2], X[:2])]
    changed = {}
    for (name, source), content in zip(fashion_mnist.FILES.items(), contents, strict=True):
        local(inner + name, content)
        changed[name] = dataclasses.replace(source, sha256=(hashlib.sha256(content).hexdigest(),))
    monkeypatch.setattr(fashion_mnist, "FILES", changed)
    check_digits(fashion_mnist.load_data())


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00", "unsigned bytes"),
        (idx(Y)[:-1], "holds 4 or more"),
        (idx(Y) + b"1", "holds 6 or more"),
        (b"\x00\x00\x08\x01\xff\xff\xff\xff", "claims 4294967295 bytes"),
        (b"", "begins with b''"),
    ],
)
def test_idx_files_must_add_up(content, text):
    with pytest.raises(ValueError, match=text):
        fashion_mnist.read_idx(io.BytesIO(content))


def cifar_batch(first, count, **labels):
    data = (np.arange(count * 3072) + first).astype("u1").reshape(count, 3072)
    return pickle.dumps(
        {b"data": data, b"batch_label": b"some", **{k.encode(): v for k, v in labels.items()}}, 2
    )


def tarred(folder, **batches):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in batches.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def cifar10_full(accept, local):
    batches = {f"data_batch_{i}": cifar_batch(i, 2, labels=[i, 0]) for i in (2, 1, 3, 5, 4)}
    batches["test_batch"] = cifar_batch(9, 1, labels=[9])
    content = gzip.compress(tarred("cifar-10-batches-py", **batches))
    local("cifar-10-python.tar.gz", accept(cifar10, "FULL", content))


def test_cifar10(cifar10_full, recwarn):
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert x_train.shape == (10, 32, 32, 3) and x_test.shape == (1, 32, 32, 3)
    assert x_train.dtype == x_test.dtype == y_train.dtype == y_test.dtype == np.uint8
    assert y_train.tolist() == [[1], [0], [2], [0], [3], [0], [4], [0], [5], [0]] and y_test.tolist() == [[9]]
    # Plane by plane in the file: the pixel at row 1, column 2 is element 34 of each plane of 1024.
    assert x_test[0, 1, 2].tolist() == [(9 + 34 + 1024 * plane) % 256 for plane in range(3)]
    assert x_train[2, 0, 0, 0] == 2
    assert not recwarn.list


def test_cifar10_follows_the_image_data_format(cifar10_full, monkeypatch):
    last = cifar10.load_data()[0][0]
    config = types.SimpleNamespace(image_data_format=lambda: "channels_first")
    monkeypatch.setitem(sys.modules, "kx_tensor.config", config)
    first = cifar10.load_data()[0][0]
    assert first.shape == (10, 3, 32, 32) and np.array_equal(first.transpose(0, 2, 3, 1), last)


def test_cifar10_subset_warns(accept, local):
    train, test = cifar_batch(1, 3, labels=[1, 2, 3]), cifar_batch(9, 1, labels=[9])
    content = bz2.compress(tarred("c", data_batch_1=train, test_batch=test))
    local("cifar-10-batches-py-2of6.tar.bz2", accept(cifar10, "SUBSET", content))
    with pytest.warns(UserWarning, match="CIFAR-10: 3 of 50,000 training images and 1 of 10,000 test"):
        (x_train, y_train), (x_test, _) = cifar10.load_data()
    assert x_train.shape == (3, 32, 32, 3) and y_train.tolist() == [[1], [2], [3]] and len(x_test) == 1


def test_cifar100(accept, local, recwarn):
    train = cifar_batch(1, 2, fine_labels=[90, 7], coarse_labels=[3, 4])
    test = cifar_batch(5, 1, fine_labels=[50], coarse_labels=[12])
    content = gzip.compress(tarred("c", train=train, test=test))
    local("cifar-100-python.tar.gz", accept(cifar100, "FULL", content))
    (x_train, y_train), (x_test, y_test) = cifar100.load_data()
    assert x_train.shape == (2, 32, 32, 3) and y_train.tolist() == [[90], [7]] and y_test.tolist() == [[50]]
    assert y_train.dtype == np.int64 and x_test[0, 0, 0, 0] == 5
    assert cifar100.load_data("coarse")[0][1].tolist() == [[3], [4]]
    assert not recwarn.list
    with pytest.raises(ValueError, match="label_mode=both"):
        cifar100.load_data(label_mode="both")


def test_a_batch_whose_labels_do_not_match(accept, local):
    train = cifar_batch(1, 2, fine_labels=[90])
    content = gzip.compress(tarred("c", train=train, test=train))
    local("cifar-100-python.tar.gz", accept(cifar100, "FULL", content))
    with pytest.raises(ValueError, match="train holds 1 labels, but data of .2, 3072."):
        cifar100.load_data()


@pytest.fixture
def texts(accept, local):
    words = GOLDEN["words"]
    x = np.fromiter(words["texts"], object, len(words["texts"]))
    y = np.array(words["labels"])
    local("imdb.npz", accept(imdb, "REVIEWS", npz(x_train=x[:7], y_train=y[:7], x_test=x[7:], y_test=y[7:])))
    local("reuters.npz", accept(reuters, "WIRES", npz(x=x, y=y)))


def title(case):
    return f"{case['loader']} {case['kwargs']}"


@pytest.mark.parametrize("case", GOLDEN["words"]["cases"], ids=title)
def test_texts_as_keras(texts, case):
    result = {"imdb": imdb, "reuters": reuters}[case["loader"]].load_data(**case["kwargs"])
    arrays = [array for part in result for array in part]
    assert [array.tolist() for array in arrays] == case["result"]
    assert all(x.dtype == object and y.dtype == np.int64 for x, y in result)
    assert all(type(text) is list for text in arrays[0])


def test_texts_errors(texts):
    for module in (imdb, reuters):
        with pytest.raises(ValueError, match="maxlen=1, no sequence was kept"):
            module.load_data(maxlen=1)
    with pytest.raises(TypeError, match="`nb_words`. Did you mean `num_words`"):
        imdb.load_data(nb_words=10)
    with pytest.raises(TypeError, match="`max_len`. Did you mean `maxlen`"):
        imdb.load_data(max_len=10)


def test_word_indexes(accept, local):
    content = json.dumps({"the": 1, "caf\u00e9": 2}).encode()
    for module, name in ((imdb, "imdb_word_index.json"), (reuters, "reuters_word_index.json")):
        local(name, accept(module, "WORD_INDEX", content))
        assert module.get_word_index() == {"the": 1, "caf\u00e9": 2}
    assert len(reuters.get_label_names()) == 46 and reuters.get_label_names()[::45] == ("cocoa", "lead")


@pytest.mark.parametrize("module", [boston_housing, california_housing])
def test_houses(accept, local, module):
    x, y = np.arange(1400.0).reshape(700, 2), np.arange(700.0)
    name = module.HOUSES.names[0]
    local(name, accept(module, "HOUSES", npz(x=x, y=y)))
    (x_train, y_train), (x_test, y_test) = module.load_data(test_split=0.1)
    assert x_train.shape == (630, 2) and x_test.shape == (70, 2)
    assert sorted([*y_train, *y_test]) == y.tolist() and y_train.tolist() != sorted(y_train)
    assert np.array_equal(x_train[:, 0], 2 * y_train) and np.array_equal(x_test[:, 0], 2 * y_test)
    assert module.load_data(seed=1)[0][1].tolist() != module.load_data(seed=2)[0][1].tolist()
    assert len(module.load_data(test_split=0)[1][0]) == 0
    for wrong in (1, -0.1):
        with pytest.raises(ValueError, match="Invalid `test_split` argument"):
            module.load_data(test_split=wrong)


def test_california_versions(accept, local):
    content = npz(x=np.ones((700, 8)), y=np.arange(700))
    local("california_housing.npz", accept(california_housing, "HOUSES", content))
    small = california_housing.load_data("small")
    assert [len(x) for x, _ in small] == [480, 120] and max(small[0][1].max(), small[1][1].max()) == 599
    with pytest.raises(ValueError, match="must be one of 'small', 'large'. Received: version=tiny"):
        california_housing.load_data(version="tiny")
