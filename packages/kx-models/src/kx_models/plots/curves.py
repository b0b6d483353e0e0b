"""Pictures of a training run and of predictions; they need Matplotlib (`pip install kx-models[plot]`)."""

import math

import numpy as np


def plot_history(history, path=None, metrics=None, log_scale=False):
    """Draw the learning curves of a `History` (or its dict), one panel per metric with its validation.

    `metrics` chooses and orders the panels. `log_scale` makes the vertical axes logarithmic, where all numbers
    are positive. With `path` the picture is written there. Returns the Matplotlib figure.

    >>> figure = plot_history({"loss": [0.5, 0.3], "val_loss": [0.6, 0.5]})
    >>> [axis.get_title() for axis in figure.axes]
    ['loss']
    """
    record = getattr(history, "history", history)
    if not record:
        raise ValueError("The history is empty: train with `fit` for at least one epoch first.")
    names = [name for name in record if not name.startswith("val_")] if metrics is None else list(metrics)
    unknown = [name for name in names if name not in record]
    if unknown:
        raise ValueError(f"The history has no {', '.join(unknown)}. It has: {', '.join(record)}.")
    figure, axes = _figure(len(names), columns=2, size=(5.0, 3.4))
    first_epoch = (getattr(history, "epoch", None) or [0])[0] + 1
    for axis, name in zip(axes, names):
        for key, label, style in ((name, "training", "-"), (f"val_{name}", "validation", "--")):
            if key in record:
                values = record[key]
                # validation may run only every few epochs, the last of which is the last one of all
                step = max(len(record[name]) // len(values), 1)
                epochs = first_epoch + step - 1 + step * np.arange(len(values))
                axis.plot(epochs, values, style, marker="o", markersize=3, label=label)
        if log_scale and min([*record[name], *record.get(f"val_{name}", ())]) > 0:
            axis.set_yscale("log")
        axis.set_title(name)
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        axis.legend()
    return _finished(figure, path)


def plot_predictions(images, predictions, labels=None, class_names=None, path=None, columns=8):
    """Draw a grid of images with the predicted class and its probability; wrong ones, by `labels`, are red.

    Shapes: images (n, height, width[, 1 or 3]); predictions (n, classes) probabilities or (n,) classes;
    labels (n,). With `path` the picture is written there. Returns the Matplotlib figure.
    """
    images, predictions = np.asarray(images), np.asarray(predictions)
    if images.ndim not in (3, 4):
        raise ValueError(
            f"images must have shape (n, height, width) or (n, height, width, channels), got {images.shape}."
        )
    if len(images) != len(predictions) or (labels is not None and len(labels) != len(images)):
        sizes = [len(part) for part in (images, predictions, labels) if part is not None]
        raise ValueError(f"images, predictions and labels must be of one length, got {sizes}.")
    if not len(images):
        raise ValueError("There are no images to draw.")
    classes = predictions.argmax(axis=-1) if predictions.ndim == 2 else predictions
    figure, axes = _figure(len(images), columns, size=(1.3, 1.6))
    for i, axis in enumerate(axes[: len(images)]):
        image = images[i, ..., 0] if images.ndim == 4 and images.shape[-1] == 1 else images[i]
        axis.imshow(image, cmap="gray_r")
        axis.set_axis_off()
        shown = class_names[int(classes[i])] if class_names is not None else f"{int(classes[i])}"
        if predictions.ndim == 2:
            shown += f"  {predictions[i].max():.0%}"
        wrong = labels is not None and int(labels[i]) != int(classes[i])
        if wrong:
            shown += f"\nis {class_names[int(labels[i])] if class_names is not None else int(labels[i])}"
        axis.set_title(shown, fontsize=8, color="tab:red" if wrong else "black")
    return _finished(figure, path)


def _figure(panels, columns, size):
    """Return a figure and its axes in a grid; unused ones are hidden."""
    # The Figure class, not pyplot: no window system is asked for and nothing global is changed.
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("Plots need Matplotlib: pip install matplotlib.") from error
    columns = min(columns, panels)
    rows = math.ceil(panels / columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[panels:]:
        axis.set_visible(False)
    return figure, axes


def _finished(figure, path):
    if path is not None:
        figure.savefig(path, dpi=120)
    return figure
