"""Folders of texts, pictures and sounds as Datasets; the numbers and messages are those of Keras 3.15.1."""

import pathlib
import wave

import numpy as np
import pytest

from kx_datasets import (
    audio_dataset_from_directory,
    image_dataset_from_directory,
    smart_resize,
    text_dataset_from_directory,
)
from kx_datasets.audio_folder import read_wav
from kx_datasets.labelled_files import find_files
from kx_datasets.resize import METHODS, cropped, fitted, resize

GOLDEN = np.load(pathlib.Path(__file__).parent / "golden" / "resize.npz")


def fill(root, write, ending):
    """Three classes with 2, 3 and 2 files."""
    for name, count in (("b", 3), ("a", 2), ("c", 2)):
        (root / name).mkdir(parents=True)
        for i in range(count):
            write(root / name / f"f{i}{ending}", f"{name}{i}")
    return root


@pytest.fixture
def texts(tmp_path):
    root = fill(tmp_path / "texts", lambda path, text: path.write_text(text, encoding="utf-8"), ".txt")
    (root / "a" / "sub").mkdir()
    (root / "a" / "sub" / "g.txt").write_text("a sub")
    (root / "a" / "x.TXT").write_text("wörld", encoding="utf-8")
    (root / "a" / "x.md").write_text("no")
    (root / "top.txt").write_text("top")
    (root / ".git").mkdir()
    (root / ".git" / "h.txt").write_text("hidden")
    return root


def read(root, **keywords):
    return text_dataset_from_directory(
        root, **{"shuffle": False, "verbose": False, "batch_size": None, **keywords}
    )


def names(dataset):
    return [
        pathlib.Path(path).relative_to(pathlib.Path(path).parents[1]).as_posix()
        for path in dataset.file_paths
    ]


def test_classes_and_files_in_order(texts, capsys):
    data = text_dataset_from_directory(texts, shuffle=False, batch_size=4)
    assert capsys.readouterr().out == "Found 9 files belonging to 3 classes.\n"
    (first, labels), (_, more), (last, _) = data
    assert first.tolist() == ["a0", "a1", "wörld", "a sub"] and last.tolist() == ["c1"]
    assert labels.dtype == "int32" and [*labels, *more] == [0, 0, 0, 0, 1, 1, 1, 2]
    assert data.class_names == ["a", "b", "c"] and len(data) == 3
    assert len(data.file_paths) == 9 and data.file_paths[3].endswith("a/sub/g.txt")


def test_kinds_of_labels(texts):
    label = lambda **keywords: [np.asarray(y).tolist() for _, y in read(texts, **keywords)]
    assert label(class_names=["c", "a"]) == [0, 0, 1, 1, 1, 1]
    assert label(label_mode="categorical")[4] == [0.0, 1.0, 0.0]
    assert label(label_mode="binary", class_names=["c", "a"])[1:3] == [[0.0], [1.0]]
    assert label(labels=list(range(11)))[-1] == 10
    unlabelled = read(texts, labels=None)
    assert [str(x) for x in unlabelled][:3] == ["top", "hidden", "a0"] and unlabelled.class_names is None
    assert list(read(texts, label_mode=None, max_length=2))[:2] == ["to", "hi"]


def test_parts_are_the_same_for_a_seed_and_do_not_overlap(texts, capsys):
    settings = {"validation_split": 0.3, "seed": 3, "shuffle": True}
    train, held_out = read(texts, subset="both", verbose=True, **settings)
    assert capsys.readouterr().out.endswith("Using 7 files for training.\nUsing 2 files for validation.\n")
    assert read(texts, subset="training", **settings).file_paths == train.file_paths
    assert read(texts, subset="validation", **settings).file_paths == held_out.file_paths
    assert len({*train.file_paths, *held_out.file_paths}) == 9
    content = [pathlib.Path(path).read_text(encoding="utf-8") for path in train.file_paths]
    assert sorted(str(x) for x, _ in train) == sorted(content)
    ordered = read(texts, subset="both", validation_split=0.3)
    assert names(ordered[1]) == ["c/f0.txt", "c/f1.txt"]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"labels": "x"}, "`labels` argument should be a list/tuple"),
        ({"labels": [1, 2]}, r"len\(labels\) is 2 while we found 11 files"),
        ({"labels": [1] * 11, "class_names": ["a"]}, "can only pass `class_names` if"),
        ({"labels": None, "class_names": ["a"]}, "argument `class_names` cannot be specified"),
        ({"label_mode": "x"}, "`label_mode` argument must be one of"),
        ({"label_mode": "binary"}, "there must be exactly 2 class_names"),
        ({"class_names": ["b", "x"]}, "did not match the names of the subdirectories"),
        ({"subset": "training"}, "If `subset` is set, `validation_split` must be set"),
        ({"validation_split": 0.2}, "If `subset` is set, `validation_split` must be set"),
        ({"validation_split": 1.2, "subset": "both"}, "must be between 0 and 1"),
        ({"validation_split": 0.2, "subset": "x"}, '"training", "validation" or "both"'),
        ({"validation_split": 0.2, "subset": "both", "shuffle": True}, "you must provide a `seed`"),
        ({"validation_split": 0.01, "subset": "validation"}, "No text files found .* for validation"),
        ({"format": "x"}, "`format` should be either"),
    ],
)
def test_arguments_that_do_not_fit(texts, keywords, message):
    with pytest.raises(ValueError, match=message):
        read(texts, **keywords)


def test_folders_without_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="nope"):
        read(tmp_path / "nope")
    with pytest.raises(FileNotFoundError, match="nope"):
        read(tmp_path / "nope", labels=None)
    (tmp_path / "a").mkdir()
    with pytest.raises(ValueError, match=r"No text files found in directory .*: \.txt"):
        read(tmp_path)


def test_links_outwards_are_followed_only_when_asked(texts, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (texts / "d").symlink_to(outside)
    (texts / "c" / "link.txt").symlink_to(outside / "secret.txt")
    (texts / "c" / "deep").symlink_to(outside)
    (texts / "c" / "inside.txt").symlink_to(texts / "c" / "f0.txt")
    closed = read(texts)
    assert closed.class_names == ["a", "b", "c"] and "secret" not in [str(x) for x, _ in closed]
    assert [str(x) for x, y in closed if y == 2] == ["c0", "c1", "c0"]
    assert "secret" not in [str(x) for x in read(texts, labels=None)]
    followed = read(texts, follow_links=True)
    assert followed.class_names == ["a", "b", "c", "d"]
    assert [str(x) for x, _ in followed].count("secret") == 3


def test_a_link_that_leads_in_a_circle_ends(texts):
    (texts / "c" / "up").symlink_to(texts)
    assert len(find_files(texts, (".txt",), follow_links=True)) == 11


# ---- pictures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "image"])
def test_resizing_as_keras(name):
    method, height, width, way = name.split(" ")
    size = int(height), int(width)
    image = GOLDEN["image"]
    if way == "pad":
        found = fitted(image, size, method)
    else:
        found = resize(cropped(image, size) if way else image, size, method)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, GOLDEN[name], atol=6e-4)  # of 255


def test_smart_resize():
    image = GOLDEN["image"]
    for method in METHODS:
        np.testing.assert_allclose(
            smart_resize(image[None], (9, 5), method)[0], smart_resize(image, (9, 5), method)
        )
    np.testing.assert_allclose(smart_resize(image, (9, 5)), GOLDEN["bilinear 9 5 crop"], atol=6e-4)
    first = smart_resize(image.transpose(2, 0, 1), (9, 5), data_format="channels_first")
    np.testing.assert_array_equal(first.transpose(1, 2, 0), smart_resize(image, (9, 5)))
    for arguments, message in (
        ((image[0], (3, 3)), "incorrect rank"),
        ((image, (3, 3, 3)), "tuple of 2 integers"),
        ((image, (3, 3), "x"), "`interpolation` should be one of"),
        ((image, (3, 3), "area", "x"), "`data_format` argument must be one of"),
    ):
        with pytest.raises(ValueError, match=message):
            smart_resize(*arguments)


@pytest.fixture
def pictures(tmp_path):
    image = pytest.importorskip("PIL.Image")
    picture = image.fromarray(GOLDEN["image"])
    return fill(tmp_path / "pictures", lambda path, _: picture.save(path), ".png")


def test_pictures(pictures):
    settings = {"shuffle": False, "verbose": False, "image_size": (9, 5)}
    data = image_dataset_from_directory(pictures, batch_size=4, **settings)
    (x, y), _ = data
    assert (x.shape, x.dtype, y.tolist(), len(data)) == ((4, 9, 5, 3), "float32", [0, 0, 1, 1], 2)
    np.testing.assert_allclose(x[0], GOLDEN["bilinear 9 5 "], atol=6e-4)
    for way in ("crop", "pad"):
        (x, _), *_ = image_dataset_from_directory(pictures, **{f"{way}_to_aspect_ratio": True}, **settings)
        np.testing.assert_allclose(x[1], GOLDEN[f"bilinear 9 5 {way}"], atol=6e-4)
    shapes = {"grayscale": 1, "rgb": 3, "rgba": 4}
    for color_mode, channels in shapes.items():
        data = image_dataset_from_directory(
            pictures, color_mode=color_mode, data_format="channels_first", batch_size=None, **settings
        )
        assert data.element_spec[0].shape == (channels, 9, 5)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"color_mode": "x"}, "`color_mode` must be one of"),
        ({"image_size": (8,)}, "Invalid `image_size` value"),
        ({"interpolation": "x"}, "`interpolation` should be one of"),
        ({"data_format": "x"}, "`data_format` argument must be"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "Only one of"),
    ],
)
def test_arguments_for_pictures_that_do_not_fit(tmp_path, keywords, message):
    with pytest.raises(ValueError, match=message):
        image_dataset_from_directory(tmp_path, **keywords)


# ---- sounds ----------------------------------------------------------------------------------------------------


def save(path, samples, width=2, channels=1, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples)


def sound(path, name):
    save(path, np.arange(4 + int(name[1]), dtype="<i2").tobytes())


def test_sounds(tmp_path):
    root = fill(tmp_path / "sounds", sound, ".wav")
    settings = {"shuffle": False, "verbose": False}
    data = audio_dataset_from_directory(root, batch_size=2, **settings)
    (x, y), *_ = data
    assert (x.shape, x.dtype, y.tolist()) == ((2, 5, 1), "float32", [0, 0])
    np.testing.assert_array_equal(x[..., 0] * 32768, [[0, 1, 2, 3, 0], [0, 1, 2, 3, 4]])
    x, _ = next(iter(audio_dataset_from_directory(root, output_sequence_length=3, **settings)))
    assert x.shape == (7, 3, 1)
    x, _ = next(iter(audio_dataset_from_directory(root, sampling_rate=16000, batch_size=None, **settings)))
    np.testing.assert_array_equal(x[:, 0] * 32768, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3])
    for keywords, message in (
        ({"ragged": True}, "NumPy has no ragged arrays"),
        ({"ragged": True, "output_sequence_length": 3}, "Cannot set both"),
        ({"sampling_rate": -1}, "should be higher than 0"),
    ):
        with pytest.raises(ValueError, match=message):
            audio_dataset_from_directory(root, **keywords)


@pytest.mark.parametrize(
    ("width", "samples", "expected"),
    [
        (1, bytes([0, 128, 192, 255]), [-1, 0, 0.5, 127 / 128]),
        (2, np.array([-32768, 0, 16384, 32767], "<i2").tobytes(), [-1, 0, 0.5, 32767 / 32768]),
        (3, b"\x00\x00\x80\x00\x00\x00\x00\x00\x40\x01\x00\x00", [-1, 0, 0.5, 2.0**-23]),
        (4, np.array([-(2**31), 0, 2**30, 2**31 - 1], "<i4").tobytes(), [-1, 0, 0.5, 1]),
    ],
)
def test_bits_of_a_sample(tmp_path, width, samples, expected):
    save(tmp_path / "a.wav", samples, width, channels=2, rate=44100)
    found, rate = read_wav(str(tmp_path / "a.wav"))
    assert (found.shape, found.dtype, rate) == ((2, 2), "float32", 44100)
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-7)


def test_broken_sounds(tmp_path):
    path = tmp_path / "a.wav"
    save(path, b"\x01\x00" * 8)
    whole = path.read_bytes()
    for end in (0, 10, 30):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="a.wav can't be read"):
            read_wav(str(path))
    path.write_bytes(whole[:40] + b"\xf0\xff\xff\xff" + whole[44:])  # 4 GiB, says the header
    assert read_wav(str(path))[0].shape == (8, 1)
