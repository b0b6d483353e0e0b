"""Pictures changed by `image`, a module with the names of keras.preprocessing.image; each case gives arrays."""

import warnings

import numpy as np

PICTURE = np.random.RandomState(0).randint(0, 256, (7, 10, 3)).astype("float32")
BATCH = np.random.RandomState(1).rand(8, 4, 5, 3).astype("float32")
LAST = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
MOVES = {
    "rotation": {"theta": 30},
    "shift": {"tx": 2.3, "ty": -1.6},
    "shear": {"shear": 20},
    "zoom": {"zx": 0.7, "zy": 1.3},
    "all": {"theta": -75, "tx": 5, "ty": 3, "shear": -15, "zx": 1.6, "zy": 0.8},
}
EVERYTHING = {
    "rotation_range": 30,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "brightness_range": (0.5, 1.5),
    "shear_range": 10.0,
    "zoom_range": 0.3,
    "channel_shift_range": 10.0,
    "horizontal_flip": True,
    "vertical_flip": True,
}
STANDARDS = {
    "centred": {"featurewise_center": True},
    "scaled": {"featurewise_center": True, "featurewise_std_normalization": True},
    "whitened": {"featurewise_center": True, "zca_whitening": True},
    "samplewise": {"samplewise_center": True, "samplewise_std_normalization": True},
    "own": {"preprocessing_function": lambda picture: picture * 2, "rescale": 0.5},
}
MODES = ("categorical", "sparse", "input", None)


def affine(image):
    for mode in ("nearest", "constant", "reflect", "wrap"):
        for order in range(6):
            for name, move in MOVES.items():
                if order < 2 or name == "all":
                    settings = {**move, **LAST, "fill_mode": mode, "cval": 7.0, "order": order}
                    yield f"{mode} {order} {name}", image.apply_affine_transform(PICTURE[..., :1], **settings)
    yield "channels first", image.apply_affine_transform(PICTURE.transpose(2, 0, 1), theta=30)
    yield (
        "axes swapped",
        image.apply_affine_transform(PICTURE, theta=30, row_axis=1, col_axis=0, channel_axis=2),
    )
    yield "whole numbers", image.apply_affine_transform(PICTURE.astype("uint8"), theta=30, **LAST)


def single(image):
    yield "brightness", image.apply_brightness_shift(PICTURE, 0.5)
    yield "brightness kept", image.apply_brightness_shift(PICTURE / 255, 1.5, scale=False)
    yield "brightness outside", image.apply_brightness_shift(PICTURE - 50, 1.2, scale=False)
    yield "channels", image.apply_channel_shift(PICTURE, 20.0, channel_axis=2)
    np.random.seed(4)
    yield "random rotation", image.random_rotation(PICTURE, 40, **LAST)
    yield "random shift", image.random_shift(PICTURE, 0.2, 0.4, **LAST, interpolation_order=0)
    yield "random shear", image.random_shear(PICTURE, 20, **LAST, fill_mode="reflect")
    yield "random zoom", image.random_zoom(PICTURE, (0.5, 1.5), **LAST, fill_mode="constant", cval=3.0)
    yield "random channels", image.random_channel_shift(PICTURE, 30, channel_axis=2)
    yield "random brightness", image.random_brightness(PICTURE, (0.5, 1.5))


def changed(image):
    everything = image.ImageDataGenerator(**EVERYTHING)
    for seed in range(3):
        yield f"seed {seed}", everything.random_transform(PICTURE, seed=seed)
    lists = image.ImageDataGenerator(
        width_shift_range=[-2, 0, 2], height_shift_range=3, zoom_range=[0.5, 0.5]
    )
    pixels = image.ImageDataGenerator(width_shift_range=5, height_shift_range=2.5)
    for name, generator in {"lists": lists, "pixels": pixels}.items():
        drawn = [generator.get_random_transform(PICTURE.shape, seed=seed) for seed in range(3)]
        yield name, np.array([[each[k] for k in ("tx", "ty", "zx", "zy")] for each in drawn], "float64")
    for name, settings in STANDARDS.items():
        generator = image.ImageDataGenerator(**settings)
        generator.fit(BATCH)
        yield name, next(generator.flow(BATCH, batch_size=2, shuffle=False))
    generator = image.ImageDataGenerator(featurewise_center=True, horizontal_flip=True)
    generator.fit(BATCH, augment=True, rounds=2, seed=3)
    yield "mean of changed ones", generator.mean


def flows(image):
    labels = np.arange(8)
    generator = image.ImageDataGenerator(horizontal_flip=True, rotation_range=20)
    flow = generator.flow(BATCH, labels, batch_size=3, seed=5)
    for number in range(3):
        yield from zip((f"next {number} x", f"next {number} y"), next(flow), strict=True)
    flow = generator.flow(BATCH, labels, batch_size=3, seed=5)
    for number in (2, 0, 1):
        yield from zip((f"number {number} x", f"number {number} y"), flow[number], strict=True)
    flow.on_epoch_end()
    yield "second epoch", flow[0][1]
    split = image.ImageDataGenerator(validation_split=0.25)
    for subset in ("training", "validation"):
        flow = split.flow(BATCH, labels, subset=subset, shuffle=False, ignore_class_split=True)
        yield subset, flow[0][1]


def write_folder(folder):
    """Three classes with 2, 3 and 2 PNGs."""
    from PIL import Image

    for name, count in (("a", 2), ("b", 3), ("c", 2)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.random.RandomState(ord(name) + number).randint(0, 256, (6, 9, 3)).astype("uint8")
            Image.fromarray(pixels).save(folder / name / f"i{number}.png")


def from_folder(image, folder):
    generator = image.ImageDataGenerator(rescale=1 / 255, validation_split=0.34)

    def read(**settings):
        return generator.flow_from_directory(folder, **{"target_size": (4, 5), "shuffle": False, **settings})

    for mode in MODES:
        batch = read(class_mode=mode)[0]
        for part, values in zip("xy", batch if isinstance(batch, tuple) else (batch,), strict=False):
            yield f"folder {mode} {part}", values
    yield "folder binary", read(class_mode="binary", classes=["b", "a"])[0][1]
    for subset in ("training", "validation"):
        yield f"folder {subset}", np.array(read(subset=subset).filenames)
    for how in ("bilinear", "lanczos"):
        yield f"folder {how}", read(interpolation=how)[0][0]
    yield "folder aspect", read(keep_aspect_ratio=True, color_mode="grayscale")[0][0]
    yield "folder shuffled", read(shuffle=True, seed=3, batch_size=3)[1][1]


def from_table(image, folder, table):
    """`table` makes one of a dict of columns."""
    generator = image.ImageDataGenerator(validation_split=0.34)
    names = ["a/i0.png", "b/i1.png", "c/i0.png", "nope.png"]
    data = table({"f": names, "c": ["a", "b", "c", "a"], "v": [1.0, 2, 3, 4], "w": [0.1, 0.2, 0.3, 0.4]})
    lists = table({"f": names[:2], "c": [["a", "b"], ["b"]]})

    def read(table=data, **settings):
        settings = {"x_col": "f", "y_col": "c", "target_size": (4, 5), "shuffle": False, **settings}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Found 1 invalid")
            return generator.flow_from_dataframe(table, str(folder), **settings)

    yield "table pictures", read(class_mode=None)[0]
    yield "table categorical", read()[0][1]
    yield "table sparse", read(class_mode="sparse")[0][1]
    yield "table chosen", read(classes=["c", "a"])[0][1]
    yield "table binary", read(class_mode="binary", classes=["c", "a"])[0][1]
    yield "table raw", read(y_col="v", class_mode="raw")[0][1]
    yield "table raw columns", read(y_col=["v", "w"], class_mode="raw")[0][1]
    yield "table outputs", np.array(read(y_col=["v", "w"], class_mode="multi_output")[0][1])
    yield "table weights", read(weight_col="w")[0][2]
    yield "table lists", read(lists)[0][1]
    for subset in ("training", "validation"):
        yield f"table {subset}", np.array(read(subset=subset).filenames)
