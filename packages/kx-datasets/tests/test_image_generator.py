"""`ImageDataGenerator` and its iterators; numbers and messages are those of tf_keras 2.21."""

import os
import pathlib
import pickle
import threading

import augment_cases
import numpy as np
import pytest

import kx_datasets as image
from kx_datasets import ImageDataGenerator, Iterator

GOLDEN = np.load(pathlib.Path(__file__).parent / "golden" / "augment.npz")
# Keras whitens in single precision, and SciPy takes splines of high orders at the edges of small pictures roughly.
TOLERANCES = {"tened": 2e-4, "4 all": 2e-4, "5 all": 2e-3}
X, Y = augment_cases.BATCH, np.arange(8)


def compare(cases):
    count = 0
    for name, found in cases:
        expected, found = GOLDEN[name], np.asarray(found)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype), name
        if found.dtype.kind == "U":
            assert found.tolist() == expected.tolist(), name
        else:
            tolerance = TOLERANCES.get(name[-5:], 1e-6)
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=tolerance, err_msg=name)
        count += 1
    return count


@pytest.mark.parametrize(
    ("family", "count"), [("affine", 59), ("single", 10), ("changed", 11), ("flows", 15)]
)
def test_as_keras(family, count):
    pytest.importorskip("PIL")
    assert compare(getattr(augment_cases, family)(image)) == count


@pytest.fixture
def folder(tmp_path):
    pytest.importorskip("PIL")
    augment_cases.write_folder(tmp_path / "pictures")
    return tmp_path / "pictures"


def test_folder_as_keras(folder, capsys):
    assert compare(augment_cases.from_folder(image, folder)) == 14
    assert capsys.readouterr().out.startswith("Found 7 images belonging to 3 classes.\n")


@pytest.mark.parametrize("library", ["dict", "pandas", "polars"])
def test_table_as_keras(folder, library, capsys):
    table = dict if library == "dict" else pytest.importorskip(library).DataFrame
    assert compare(augment_cases.from_table(image, folder, table)) == 12
    assert capsys.readouterr().out.startswith(
        "Found 3 validated image filenames.\nFound 3 validated image filenames bel"
    )


# ---- what a generator is told ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"zoom_range": [1, 2, 3]}, "`zoom_range` should be a float or a tuple or list of two floats"),
        ({"zoom_range": "a"}, "`zoom_range` should be"),
        ({"data_format": "x"}, "`data_format` should be"),
        ({"validation_split": 1.5}, "`validation_split` must be strictly between 0 and 1"),
        ({"brightness_range": 1}, "`brightness_range should be tuple or list of two floats. Received: 1"),
        ({"brightness_range": [1]}, "`brightness_range should be"),
    ],
)
def test_settings_without_meaning(settings, message):
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"fill_mode": "x"}, "`fill_mode` must be one of"), ({"order": 7}, "whole number from 0 to 5")],
)
def test_edges_and_orders_that_are_not_there(settings, message):
    with pytest.raises(ValueError, match=message):
        image.apply_affine_transform(X[0], 20, **augment_cases.LAST, **settings)


@pytest.mark.parametrize(
    ("axes", "message"),
    [((2, 0, 1), "first and last"), ((0, 0, 1), "0, 1 and 2 in some order"), ((0, 1, 3), "in some order")],
)
def test_axes_that_do_not_fit(axes, message):
    with pytest.raises(ValueError, match=message):
        image.random_rotation(X[0], 20, *axes)
    with pytest.raises(ValueError, match="multi-channel 2D images"):
        image.random_shear(X, 20, *axes)


@pytest.mark.parametrize(
    ("given", "other", "value"),
    [
        ("featurewise_std_normalization", "featurewise_center", True),
        ("zca_whitening", "featurewise_center", True),
        ("samplewise_std_normalization", "samplewise_center", True),
    ],
)
def test_settings_that_need_others(given, other, value):
    with pytest.warns(UserWarning, match=f"specifies `{given}`, which overrides setting of `{other}`"):
        generator = ImageDataGenerator(**{given: True})
    assert getattr(generator, other) == value


def test_whitening_comes_before_scaling():
    with pytest.warns(UserWarning, match="overrides setting of `featurewise_std_normalization`"):
        generator = ImageDataGenerator(True, featurewise_std_normalization=True, zca_whitening=True)
    assert not generator.featurewise_std_normalization


def test_not_fitted_yet():
    generator = ImageDataGenerator(featurewise_center=True)
    with pytest.warns(UserWarning, match="`featurewise_center`, but it hasn't been fit on any training data"):
        np.testing.assert_array_equal(generator.standardize(X[0].copy()), X[0])
    with pytest.raises(ValueError, match="should have rank 4. Got array with shape: \\(4, 5, 3\\)"):
        generator.fit(X[0])
    with pytest.warns(UserWarning, match=r"channels on axis 3. However, .* \(2 channels\)"):
        generator.fit(X[..., :2])


def test_standardize_overwrites_floats_and_copies_whole_numbers():
    halves, whole = np.ones((2, 2, 1), "float32"), np.ones((2, 2, 1), "uint8")
    generator = ImageDataGenerator(rescale=0.5)
    assert generator.standardize(halves) is halves
    assert (halves.max(), generator.standardize(whole).max(), whole.max()) == (0.5, 0.5, 1)


def test_channels_first():
    pytest.importorskip("PIL")
    settings = {**augment_cases.EVERYTHING, "samplewise_center": True}
    last = ImageDataGenerator(**settings).flow(X * 255, Y, seed=1)[0][0]
    first = ImageDataGenerator(**settings, data_format="channels_first")
    found = first.flow((X * 255).transpose(0, 3, 1, 2), Y, seed=1)[0][0]
    np.testing.assert_allclose(found.transpose(0, 2, 3, 1), last, rtol=1e-6, atol=1e-5)


# ---- flows -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        ((X, Y[:3]), {}, r"should have the same length. Found: x.shape = \(8, 4, 5, 3\), y.shape = \(3,\)"),
        ((X, Y), {"sample_weight": Y[:3]}, r"sample_weight.shape = \(3,\)"),
        (((X, [Y[:3]]),), {}, r"All of the arrays in `x` .* len\(x\[0\]\) = 8, len\(x\[\?\]\) = 3"),
        ((X[0],), {}, "should have rank 4"),
        ((X, Y), {"subset": "x"}, 'Invalid subset name: x; expected "training" or "validation"'),
        ((X, Y), {"subset": "training"}, "different number of classes after the split"),
        ((X, Y), {"batch_size": 0}, "`batch_size` must be at least 1"),
    ],
)
def test_arrays_that_do_not_fit(arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator(validation_split=0.25).flow(*arguments, **settings)


def test_what_goes_along():
    flow = ImageDataGenerator().flow((X, [Y, Y * 2]), Y, sample_weight=Y / 10, shuffle=False, batch_size=3)
    (x, *others), y, weight = flow[1]
    np.testing.assert_array_equal(x, X[3:6])
    assert ([each.tolist() for each in others], y.tolist()) == ([[3, 4, 5], [6, 8, 10]], [3, 4, 5])
    np.testing.assert_allclose(weight, [0.3, 0.4, 0.5])
    with pytest.warns(UserWarning, match=r"NumpyArrayIterator .* \(2 channels\)"):
        assert ImageDataGenerator(dtype="float64").flow(X[..., :2])[0].dtype == "float64"


def test_the_arrays_of_the_user_stay_as_they_are():
    before = X.copy()
    ImageDataGenerator(rescale=0.5, horizontal_flip=True, samplewise_center=True).flow(X, seed=1)[0]
    np.testing.assert_array_equal(X, before)


def test_numbers_of_batches():
    flow = ImageDataGenerator().flow(X, Y, batch_size=3, shuffle=False)
    assert (len(flow), flow.n, [next(flow)[1][0] for _ in range(4)]) == (3, 8, [0, 3, 6, 0])
    flow.reset()
    assert (flow.next()[1].tolist(), flow.batch_index) == ([0, 1, 2], 1)
    for number in (3, -1):
        with pytest.raises(
            ValueError, match=f"Asked to retrieve element {number}, but the Sequence has length 3"
        ):
            flow[number]


def test_iterators_of_ones_own():
    class Numbers(Iterator):
        def next(self):
            with self.lock:
                return next(self.index_generator).tolist()

    numbers = Numbers(5, batch_size=3, shuffle=False, seed=None)
    assert [numbers.next() for _ in range(3)] == [[0, 1, 2], [3, 4], [0, 1, 2]]
    with pytest.raises(
        NotImplementedError, match="Numbers must implement `_get_batches_of_transformed_samples"
    ):
        numbers[0]
    with pytest.raises(ValueError, match="it found no pictures"):
        next(Iterator(0, 1, False, None))


def test_a_copy_for_a_process_has_the_same_order():
    flow = ImageDataGenerator().flow(X, Y, batch_size=3)
    flow.on_epoch_begin()
    copy = pickle.loads(pickle.dumps(flow))
    assert [copy[i][1].tolist() for i in range(3)] == [flow[i][1].tolist() for i in range(3)]
    assert len(next(copy)[1]) == 3


def test_threads_take_each_sample_once():
    flow = ImageDataGenerator().flow(X, Y, batch_size=1)
    found = []
    threads = [
        threading.Thread(target=lambda: found.extend(next(flow)[1] for _ in range(4))) for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == sorted([*range(8)] * 2)


def test_saved_pictures(tmp_path):
    load_img = image.load_img
    pytest.importorskip("PIL")
    flow = ImageDataGenerator().flow(X, batch_size=3, shuffle=False, save_to_dir=tmp_path, save_prefix="p")
    next(flow)
    names = sorted(os.listdir(tmp_path))
    assert [name[:4] for name in names] == ["p_0_", "p_1_", "p_2_"]
    assert load_img(tmp_path / names[0]).size == (5, 4)


# ---- files -----------------------------------------------------------------------------------------------------


def test_what_a_folder_says_of_itself(folder):
    flow = ImageDataGenerator().flow_from_directory(
        folder, target_size=(8, 6), classes=["c", "b"], shuffle=False
    )
    assert (flow.class_indices, flow.num_classes, flow.samples, flow.image_shape) == (
        {"c": 0, "b": 1},
        2,
        5,
        (8, 6, 3),
    )
    assert flow.classes.tolist() == [0, 0, 1, 1, 1]
    assert flow.filenames[0] == "c/i0.png"
    assert flow.filepaths[0] == str(folder / "c" / "i0.png")


def test_links_that_lead_out(folder, tmp_path):
    outside = tmp_path / "outside"
    augment_cases.write_folder(outside)
    (folder / "a" / "link.png").symlink_to(outside / "a" / "i0.png")
    (folder / "d").symlink_to(outside / "b", target_is_directory=True)
    (folder / ".hidden").mkdir()
    generator = ImageDataGenerator()
    assert generator.flow_from_directory(folder).n == 7
    with_links = generator.flow_from_directory(folder, follow_links=True)
    assert (with_links.n, list(with_links.class_indices)) == (11, ["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"class_mode": "x"}, ValueError, "Invalid class_mode: x; expected one of: 'categorical'"),
        ({"color_mode": "x"}, ValueError, 'Invalid color mode: x; expected "rgb", "rgba", or "grayscale"'),
        ({"directory": "/not there"}, FileNotFoundError, "No such file or directory"),
        ({"subset": "x"}, ValueError, "Invalid subset name: x"),
    ],
)
def test_folders_that_do_not_fit(folder, settings, error, message):
    with pytest.raises(error, match=message):
        ImageDataGenerator().flow_from_directory(**{"directory": folder, **settings})


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"class_mode": "x"}, ValueError, "Invalid class_mode: x"),
        ({"y_col": "z"}, KeyError, "z"),
        ({"y_col": "v"}, TypeError, 'y_col="v" column values must be type string, list or tuple'),
        ({"y_col": "v", "class_mode": "binary"}, TypeError, "column values must be strings"),
        ({"x_col": "v"}, TypeError, "All values in column x_col=v must be strings"),
        ({"weight_col": "c"}, TypeError, "Column weight_col=c must be numeric"),
        ({"class_mode": "multi_output"}, TypeError, "y_col must be a list. Received str"),
        ({"class_mode": "binary"}, ValueError, "there must be 2 classes. Found 3 classes"),
        ({"class_mode": "binary", "classes": ["a"]}, ValueError, r"1 class/es were given"),
        ({"classes": "ab"}, TypeError, "`classes` must be a list"),
        ({"nonsense": 1}, TypeError, "unexpected keyword argument 'nonsense'"),
    ],
)
def test_tables_that_do_not_fit(settings, error, message):
    table = {"f": ["1.png", "2.png", "3.png"], "c": ["a", "b", "c"], "v": [1.0, 2.0, 3.0]}
    with pytest.raises(error, match=message):
        ImageDataGenerator().flow_from_dataframe(table, **{"x_col": "f", "y_col": "c", **settings})


def test_names_that_no_one_checks(capsys):
    table = {"filename": ["1.png", "2.txt"], "class": ["a", "b"]}
    generator = ImageDataGenerator()
    with pytest.warns(UserWarning, match='Found 2 invalid image filename.* in x_col="filename"'):
        assert generator.flow_from_dataframe(table).n == 0
    with pytest.warns(DeprecationWarning, match="`has_ext` has no effect"):
        assert generator.flow_from_dataframe(table, validate_filenames=False, has_ext=True).n == 2
    assert capsys.readouterr().out.endswith("Found 2 non-validated image filenames belonging to 2 classes.\n")
