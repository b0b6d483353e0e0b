"""Boxes, masks and galleries, against Keras 3.15 where it draws pixels."""

import json
import pathlib
import sys

import numpy as np
import pytest

from kx_models.plots import (
    draw_bounding_boxes,
    draw_segmentation_masks,
    plot_bounding_box_gallery,
    plot_image_gallery,
    plot_segmentation_mask_gallery,
)

pytest.importorskip("PIL")

RECORD = np.load(pathlib.Path(__file__).parent / "golden/drawing.npz")
CASES = json.loads(str(RECORD["cases"]))
GRAY = np.full((1, 40, 50, 3), 100, "uint8")
IMAGE = np.arange(48, dtype="uint8").reshape(1, 4, 4, 3) * 5
MASK = np.array([[[0, 1, 2, 0], [1, 1, 0, 0], [2, 2, 2, 2], [0, 0, 1, 2]]])[..., None]
PHOTOS = np.random.default_rng(0).random((5, 8, 8, 3))


@pytest.mark.parametrize(("name", "box"), CASES["boxes"])
def test_outlines_are_those_of_keras(name, box):
    given = {"boxes": np.array([[box]], "float32"), "labels": [[0]]}
    drawn = draw_bounding_boxes(
        GRAY, given, name, class_mapping={0: " "}, color=(255, 0, 0), line_thickness=1
    )
    expected = np.unpackbits(RECORD[f"box/{name}"]).reshape(40, 50).astype(bool)
    np.testing.assert_array_equal((drawn[0] == [255, 0, 0]).all(-1), expected)
    assert (drawn[0][~expected] == 100).all()


@pytest.mark.parametrize("number", range(len(CASES["masks"])))
def test_masks_are_those_of_keras(number):
    kwargs = {**CASES["masks"][number]}
    kwargs["color_mapping"] = {k: tuple(v) for k, v in kwargs["color_mapping"]}
    expected = RECORD[f"mask/{number}"]
    np.testing.assert_array_equal(draw_segmentation_masks(IMAGE, MASK, **kwargs), expected)
    first = draw_segmentation_masks(
        IMAGE.transpose(0, 3, 1, 2), MASK[..., 0], data_format="channels_first", **kwargs
    )
    np.testing.assert_array_equal(first, expected.transpose(0, 3, 1, 2))


def test_names_confidences_and_padding():
    given = {"boxes": [[[20, 20, 40, 36], [0, 0, 9, 9]]], "labels": [[3, -1]], "confidence": [[0.5, 0.1]]}
    drawn = draw_bounding_boxes(GRAY, given, "xyxy", class_mapping={3: "cat"}, color=(255, 0, 0))
    assert (drawn[0, :18] != 100).any()  # the text above the box
    assert (drawn[0, :9, :9] == 100).all()  # nothing of the box that is padding
    assert (GRAY == 100).all()
    top = {"boxes": [[[40, 0, 49, 20]]], "labels": [[3]]}  # no room above, none on the right
    inside = draw_bounding_boxes(GRAY, top, "xyxy", class_mapping={3: "cat"}, color=(255, 0, 0))
    assert (inside[0, 4:16, 20:40] != 100).any()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"boxes": np.ones((1, 1, 4))}, ValueError, "should be a dict containing 'boxes' and 'labels' keys"),
        ({"boxes": np.ones((1, 1, 3)), "labels": [[1]]}, ValueError, "the last dimension of 4"),
        (np.ones((1, 4)), TypeError, "should be a dict. Received"),
    ],
)
def test_wrong_boxes(given, error, message):
    with pytest.raises(error, match=message):
        draw_bounding_boxes(GRAY, given, "xyxy")


def test_wrong_formats_images_and_colours():
    boxes = {"boxes": np.ones((1, 1, 4)), "labels": [[1]]}
    with pytest.raises(ValueError, match="Unknown bounding_box_format 'xyx'. Supported formats"):
        draw_bounding_boxes(GRAY, boxes, "xyx")
    with pytest.raises(ValueError, match="must be batched 4D tensor"):
        draw_bounding_boxes(GRAY[0], boxes, "xyxy")
    with pytest.raises(KeyError, match=r"no colour for the classes \[0, 2\]"):
        draw_segmentation_masks(IMAGE, MASK, color_mapping={1: (1, 1, 1)})
    with pytest.raises(ValueError, match="must have the size of the images"):
        draw_segmentation_masks(IMAGE, MASK[:, :2])


@pytest.mark.parametrize(
    ("kwargs", "size", "axes"),
    [
        ({}, (4, 6), 6),
        ({"rows": 1, "cols": 5}, (10, 2), 5),
        ({"cols": 5, "scale": 1}, (5, 1), 5),
        ({"rows": 2}, (6, 4), 6),
    ],
)
def test_grids(tmp_path, kwargs, size, axes):
    pytest.importorskip("matplotlib")
    figure = plot_image_gallery(PHOTOS, value_range=(0, 1), path=tmp_path / "g.png", **kwargs)
    assert tuple(figure.get_size_inches()) == size
    assert len(figure.axes) == axes
    shown = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_array_equal(shown, (PHOTOS[0] * 255).astype("uint8"))
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")


def test_titles(tmp_path):
    pytest.importorskip("matplotlib")
    names = {0: "cat", 1: "dog"}
    more = {"path": tmp_path / "g.png", "value_range": (0, 1)}
    figure = plot_image_gallery(PHOTOS[:2], y_true=[0, 1], y_pred=[1, 1], label_map=names, **more)
    assert [axis.get_title() for axis in figure.axes] == ["Label: cat  Pred: dog", "Label: dog  Pred: dog"]
    figure = plot_image_gallery(
        PHOTOS[:1].transpose(0, 3, 1, 2), y_pred=[1], label_map=names, data_format="channels_first", **more
    )
    assert figure.axes[0].get_title() == "Pred: dog"
    with pytest.raises(ValueError, match="a `label_map` must also be provided"):
        plot_image_gallery(PHOTOS, y_true=[0] * 5)
    with pytest.raises(ValueError, match="expects either `path` to be set, or `show` to be true"):
        plot_image_gallery(PHOTOS, show=False)


def test_galleries_of_boxes_and_masks(tmp_path):
    pytest.importorskip("matplotlib")
    boxes = {"boxes": [[[1, 1, 6, 6]]], "labels": [[0]]}
    more = {"path": tmp_path / "g.png", "value_range": (0, 1)}
    figure = plot_bounding_box_gallery(PHOTOS[:1], "xyxy", y_true=boxes, y_pred=boxes, legend=True, **more)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Ground Truth", "Predictions"]
    with pytest.raises(ValueError, match="Only pass `legend` OR `legend_handles`"):
        plot_bounding_box_gallery(PHOTOS[:1], "xyxy", y_true=boxes, legend=True, legend_handles=[], **more)
    masks = np.ones((2, 8, 8), int)
    figure = plot_segmentation_mask_gallery(PHOTOS[:2], 2, y_true=masks, y_pred=masks * 0, **more)
    assert len(figure.axes) == 6
    first = (PHOTOS[0] * 255).astype("uint8")
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), first)
    np.testing.assert_array_equal(
        figure.axes[2].images[0].get_array(), (first * np.float32(0.2)).astype("uint8")
    )


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        draw_bounding_boxes(GRAY, {"boxes": np.ones((1, 1, 4)), "labels": [[1]]}, "xyxy")
