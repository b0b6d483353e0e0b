"""Many images in a grid; they need Matplotlib (`pip install kx-models[plot]`)."""

import math

import numpy as np

from kx_models.plots.drawing import draw_bounding_boxes, draw_segmentation_masks
from kx_tensor import config


def plot_image_gallery(
    images,
    y_true=None,
    y_pred=None,
    label_map=None,
    rows=None,
    cols=None,
    value_range=(0, 255),
    scale=2,
    path=None,
    show=None,
    transparent=True,
    dpi=60,
    legend_handles=None,
    data_format=None,
):
    """Draw images in a grid of `rows` x `cols`, each `scale` inches wide; with `path` into a file, else on the screen.

    `y_true` and `y_pred` are labels, whose names `label_map` gives, for the titles. `value_range` is what black and
    white are. `legend_handles` are Matplotlib's handles for a legend below. Returns the figure if it is not shown.

    >>> figure = plot_image_gallery(np.zeros((5, 8, 8, 3)), path="gallery.png")
    >>> len(figure.axes)
    6
    """
    show = path is None if show is None else show
    if not (show or path):
        raise ValueError("plot_gallery() expects either `path` to be set, or `show` to be true.")
    if label_map is None and not (y_true is None and y_pred is None):
        raise ValueError("If `y_true` or `y_pred` are provided, a `label_map` must also be provided.")
    images = as_uint8(images, value_range, data_format)
    if rows is None:
        rows = math.ceil(math.sqrt(len(images))) if cols is None else math.ceil(len(images) / cols)
    if cols is None:
        cols = math.ceil(len(images) / rows)
    figure = _new_figure(show, (cols * scale, rows * scale))
    axes = figure.subplots(rows, cols, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for i, (axis, image) in enumerate(zip(axes, images)):
        axis.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
        title = [
            f"{kind}: {label_map[int(np.asarray(labels[i]))]}"
            for kind, labels in (("Label", y_true), ("Pred", y_pred))
            if labels is not None
        ]
        if title:
            axis.set_title("  ".join(title), fontsize=8)
    figure.subplots_adjust(wspace=0.05, hspace=0.2 if label_map else 0.05)
    if legend_handles is not None:
        figure.legend(handles=legend_handles, loc="lower center")
    if path is not None:
        figure.savefig(path, dpi=dpi, transparent=transparent, bbox_inches="tight", pad_inches=0.1)
    if not show:
        return figure
    import matplotlib.pyplot as plt

    plt.show()
    return None


def _new_figure(show, size):
    """A figure: one of pyplot's, which has a window, only if it is to be shown."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("Plots need Matplotlib: pip install matplotlib.") from error
    if not show:
        return Figure(figsize=size)
    import matplotlib.pyplot as plt

    return plt.figure(figsize=size)


def as_uint8(images, value_range=(0, 255), data_format=None):
    """Return images as uint8, channels last, the ends of `value_range` as 0 and 255.

    >>> as_uint8(np.array([[[[-1.0], [1.0]]]]), (-1, 1)).ravel().tolist()
    [0, 255]
    """
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(f"`images` must be batched 4D tensor. Received: images.shape={images.shape}")
    if config.standardize_data_format(data_format) == "channels_first":
        images = images.transpose(0, 2, 3, 1)
    low, high = value_range
    if images.dtype == np.uint8 and (low, high) == (0, 255):
        return images
    scaled = (images.astype(np.float32) - low) * (255.0 / (high - low))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def plot_bounding_box_gallery(
    images,
    bounding_box_format,
    y_true=None,
    y_pred=None,
    value_range=(0, 255),
    true_color=(0, 188, 212),
    pred_color=(255, 235, 59),
    line_thickness=2,
    font_scale=1.0,
    text_thickness=None,
    class_mapping=None,
    ground_truth_mapping=None,
    prediction_mapping=None,
    legend=False,
    legend_handles=None,
    rows=None,
    cols=None,
    data_format=None,
    **kwargs,
):
    """Draw images with the true and the predicted boxes in a grid; see `draw_bounding_boxes`.

    `ground_truth_mapping` and `prediction_mapping` name the classes, by default `class_mapping` does. `legend` says
    which colour is which. Further arguments are those of `plot_image_gallery`.

    >>> boxes = {"boxes": np.array([[[1, 1, 6, 6]]]), "labels": np.array([[0]])}
    >>> figure = plot_bounding_box_gallery(np.zeros((1, 8, 8, 3)), "xyxy", y_true=boxes, path="boxes.png")
    >>> len(figure.axes)
    1
    """
    drawn = as_uint8(images, value_range, data_format)
    kinds = (
        (y_true, true_color, ground_truth_mapping, "Ground Truth"),
        (y_pred, pred_color, prediction_mapping, "Predictions"),
    )
    handles = []
    for boxes, color, names, label in kinds:
        if boxes is None:
            continue
        drawn = draw_bounding_boxes(
            drawn,
            boxes,
            bounding_box_format,
            class_mapping if names is None else names,
            color,
            line_thickness,
            1 if text_thickness is None else text_thickness,
            font_scale,
            "channels_last",
        )
        handles.append((color, label))
    if legend:
        if legend_handles is not None:
            raise ValueError("Only pass `legend` OR `legend_handles` to `plot_bounding_box_gallery()`.")
        from matplotlib import patches

        legend_handles = [
            patches.Patch(color=np.array(color) / 255.0, label=label) for color, label in handles
        ]
    return plot_image_gallery(
        drawn, rows=rows, cols=cols, legend_handles=legend_handles, data_format="channels_last", **kwargs
    )


def plot_segmentation_mask_gallery(
    images,
    num_classes,
    value_range=(0, 255),
    y_true=None,
    y_pred=None,
    color_mapping=None,
    blend=True,
    alpha=0.8,
    ignore_index=-1,
    data_format=None,
    **kwargs,
):
    """Draw a row for each image: itself, with the true mask, with the predicted one; see `draw_segmentation_masks`.

    Further arguments are those of `plot_image_gallery`.

    >>> images, masks = np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8))
    >>> len(plot_segmentation_mask_gallery(images, 2, y_true=masks, path="masks.png").axes)
    4
    """
    plain = as_uint8(images, value_range, data_format)
    columns = [plain]
    for masks in (y_true, y_pred):
        if masks is not None:
            columns.append(
                draw_segmentation_masks(
                    plain, masks, num_classes, color_mapping, alpha, blend, ignore_index, "channels_last"
                )
            )
    return plot_image_gallery(
        np.stack(columns, axis=1).reshape(-1, *plain.shape[1:]),
        rows=len(plain),
        cols=len(columns),
        data_format="channels_last",
        **kwargs,
    )
