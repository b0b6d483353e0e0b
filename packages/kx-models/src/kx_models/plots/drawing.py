"""Boxes and masks drawn into images; boxes need Pillow (`pip install pillow`)."""

import colorsys
import math

import numpy as np

from kx_tensor import config

# How a format's four numbers become left, top, right, bottom.
_CORNERS = {
    "xyxy": lambda a, b, c, d: (a, b, c, d),
    "yxyx": lambda a, b, c, d: (b, a, d, c),
    "xywh": lambda a, b, c, d: (a, b, a + c, b + d),
    "center_xywh": lambda a, b, c, d: (a - c / 2, b - d / 2, a + c / 2, b + d / 2),
    "center_yxhw": lambda a, b, c, d: (b - d / 2, a - c / 2, b + d / 2, a + c / 2),
}


def draw_bounding_boxes(
    images,
    bounding_boxes,
    bounding_box_format,
    class_mapping=None,
    color=(128, 128, 128),
    line_thickness=2,
    text_thickness=1,
    font_scale=1.0,
    data_format=None,
):
    """Return images with boxes, and the names and confidences of what is in them, drawn into copies.

    Shapes: images (n, height, width, 3), uint8; `bounding_boxes` is a dict of "boxes" (n, boxes, 4), "labels"
    (n, boxes) and maybe "confidence" (n, boxes). A box with the label -1 is padding. `bounding_box_format` is
    "xyxy", "yxyx", "xywh", "center_xywh" or "center_yxhw", with "rel_" before it for parts of the image's size.
    `class_mapping` maps labels to names; `text_thickness` above 1 makes the letters bold.

    >>> boxes = {"boxes": np.array([[[1, 1, 6, 6]]]), "labels": np.array([[0]])}
    >>> drawn = draw_bounding_boxes(np.zeros((1, 8, 8, 3), "uint8"), boxes, "xyxy", line_thickness=1)
    >>> drawn[0, 1, :, 0].tolist()
    [0, 128, 128, 128, 128, 128, 128, 0]
    """
    boxes, labels, confidence = _checked_boxes(bounding_boxes)
    images = _batch(images, data_format)
    drawn = []
    for i, image in enumerate(images):
        corners = _corners(boxes[i], bounding_box_format, image.shape[:2])
        texts = [
            _caption(label, None if confidence is None else confidence[i][k], class_mapping)
            for k, label in enumerate(labels[i])
        ]
        shown = [k for k, label in enumerate(labels[i]) if label != -1]
        drawn.append(
            _with_boxes(
                image,
                [(corners[k], texts[k]) for k in shown],
                tuple(color),
                line_thickness,
                font_scale,
                text_thickness,
            )
        )
    return _in_format(np.stack(drawn), data_format)


def _checked_boxes(given):
    if not isinstance(given, dict):
        raise TypeError(
            f"`bounding_boxes` should be a dict. Received: bounding_boxes={given} of type {type(given)}"
        )
    if not {"boxes", "labels"} <= given.keys():
        raise ValueError(
            "`bounding_boxes` should be a dict containing 'boxes' and 'labels' keys. Received: "
            f"bounding_boxes={given}"
        )
    boxes = np.asarray(given["boxes"])
    if boxes.shape[-1] != 4 or boxes.ndim != 3:
        raise ValueError(
            f"`boxes` must be a tensor with the last dimension of 4. Received: boxes.shape={boxes.shape}"
        )
    labels = np.asarray(given["labels"]).astype(int)
    confidence = given.get("confidence")
    return boxes, labels, None if confidence is None else np.asarray(confidence)


def _batch(images, data_format):
    """Images as a NumPy array (n, height, width, channels)."""
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(f"`images` must be batched 4D tensor. Received: images.shape={images.shape}")
    first = config.standardize_data_format(data_format) == "channels_first"
    return images.transpose(0, 2, 3, 1) if first else images


def _in_format(images, data_format):
    first = config.standardize_data_format(data_format) == "channels_first"
    return images.transpose(0, 3, 1, 2) if first else images


def _corners(boxes, box_format, size):
    """Boxes in any format as whole pixels (left, top, right, bottom)."""
    relative = box_format.startswith("rel_")
    corners = _CORNERS.get(box_format.removeprefix("rel_"))
    if corners is None or (relative and box_format == "rel_center_yxhw"):
        formats = (*_CORNERS, "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")
        raise ValueError(f"Unknown bounding_box_format {box_format!r}. Supported formats: {formats}")
    height, width = size
    scale = np.array([width, height, width, height] if relative else [1, 1, 1, 1])
    return [np.round(np.array(corners(*map(float, box))) * scale).astype(int) for box in boxes]


def _caption(label, confidence, names):
    text = str((names or {}).get(int(label), int(label)))
    return text if confidence is None else f"{text} {float(confidence):.2f}"


def _with_boxes(image, boxes, color, line, font_scale, weight):
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise ImportError("Drawing boxes needs Pillow: pip install pillow.") from error
    picture = Image.fromarray(np.ascontiguousarray(image, np.uint8))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=11 * font_scale)
    for (left, top, right, bottom), text in boxes:
        if right >= left and bottom >= top:
            draw.rectangle((left, top, right, bottom), outline=color, width=line)
        _, _, width, height = draw.textbbox((0, 0), text, font=font)
        x = max(min(left + line, picture.width - width), 0)
        above = top - height - 2
        y = above if above >= 0 else top + line  # inside the box, where there is no room above it
        draw.text((x, y), text, fill=color, font=font, stroke_width=max(weight - 1, 0))
    return np.asarray(picture)


def draw_segmentation_masks(
    images,
    segmentation_masks,
    num_classes=None,
    color_mapping=None,
    alpha=0.8,
    blend=True,
    ignore_index=-1,
    data_format=None,
):
    """Return images with the classes of their pixels as colours over them.

    Shapes: images (n, height, width, 3), uint8; masks (n, height, width[, 1]), whole numbers. `color_mapping` maps
    classes to colours; by default class 0 is black and the others have colours of their own. `alpha` is how much of the
    colour is seen; `blend=False` shows nothing else. Pixels of class `ignore_index` stay as they are.

    >>> images = np.full((1, 1, 2, 3), 100, "uint8")
    >>> draw_segmentation_masks(images, [[[0, 1]]], color_mapping={0: (0, 0, 0), 1: (255, 0, 0)}, alpha=0.5).tolist()
    [[[[50, 50, 50], [177, 50, 50]]]]
    """
    images = _batch(images, data_format)
    masks = np.asarray(segmentation_masks).astype(int)
    if masks.ndim == 4:
        masks = masks[..., 0] if masks.shape[-1] == 1 else masks[:, 0]
    if masks.shape != images.shape[:3]:
        raise ValueError(
            f"segmentation_masks must have the size of the images, {images.shape[:3]}, got {masks.shape}."
        )
    kept = masks != ignore_index
    if num_classes is None:
        num_classes = int(masks[kept].max(initial=0)) + 1
    if color_mapping is None:
        color_mapping = dict(enumerate(class_colors(num_classes)))
    missing = sorted(set(np.unique(masks[kept]).tolist()) - color_mapping.keys())
    if missing:
        raise KeyError(
            f"color_mapping has no colour for the classes {missing}; it has {sorted(color_mapping)}."
        )
    colours = np.zeros((*masks.shape, 3), np.float32)
    for number, colour in color_mapping.items():
        colours[masks == number] = colour
    share = alpha if blend else 1.0
    mixed = (images * np.float32(1 - share) + colours * np.float32(share)).astype(np.uint8)
    return _in_format(np.where(kept[..., None], mixed, images), data_format)


def class_colors(number):
    """Return colours for a number of classes: black, then hues as far from each other as can be.

    >>> class_colors(3)[0], len(set(class_colors(20)))
    ((0, 0, 0), 20)
    """
    golden = (math.sqrt(5) - 1) / 2
    hues = [colorsys.hsv_to_rgb((i * golden) % 1.0, 0.75 if i % 2 else 1.0, 0.9) for i in range(number - 1)]
    return [(0, 0, 0), *(tuple(int(255 * part) for part in hue) for hue in hues)]
