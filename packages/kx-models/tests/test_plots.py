"""Pictures; what is drawn is read back from the figure."""

import numpy as np
import pytest

from kx_models.callbacks import History
from kx_models.plots import plot_history, plot_predictions


def trained():
    record = History()
    record.on_train_begin()
    for epoch in range(2, 6):
        logs = {"loss": 1 / (epoch + 1), "acc": 0.5}
        if epoch % 2:
            logs["val_loss"] = 2 / (epoch + 1)
        record.on_epoch_end(epoch, logs)
    return record


def test_curves_of_training_and_validation(tmp_path):
    figure = plot_history(trained(), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    loss, accuracy = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["loss", "acc"]
    training, validation = loss.lines
    assert training.get_xdata().tolist() == [3, 4, 5, 6]
    assert validation.get_xdata().tolist() == [4, 6]
    assert list(validation.get_ydata()) == [2 / 4, 2 / 6]
    assert len(accuracy.lines) == 1


def test_chosen_curves_and_plain_dicts():
    figure = plot_history({"loss": [1, 2], "acc": [3, 4], "lr": [5, 6]}, metrics=["lr"])
    assert [axis.get_title() for axis in figure.axes] == ["lr"]
    with pytest.raises(ValueError, match="The history has no mae. It has: loss"):
        plot_history({"loss": [1]}, metrics=["mae"])
    with pytest.raises(ValueError, match="history is empty"):
        plot_history(History())


def test_logarithmic_axes():
    figure = plot_history({"loss": [1, 0.01], "val_loss": [2, 0.1], "r2": [-1, 1]}, log_scale=True)
    assert [axis.get_yscale() for axis in figure.axes] == ["log", "linear"]


def test_grid_of_digits(tmp_path):
    images = np.linspace(0, 1, 3 * 28 * 28, dtype="float32").reshape(3, 28, 28, 1)
    chances = np.array([[0.9, 0.1], [0.25, 0.75], [0.6, 0.4]])
    figure = plot_predictions(images, chances, [0, 1, 1], path=tmp_path / "digits.png", columns=2)
    assert (tmp_path / "digits.png").stat().st_size > 1000
    assert [axis.get_title() for axis in figure.axes[:3]] == ["0  90%", "1  75%", "0  60%\nis 1"]
    assert [axis.title.get_color() for axis in figure.axes[:3]] == ["black", "black", "tab:red"]
    assert [axis.get_visible() for axis in figure.axes] == [True, True, True, False]
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), images[1, :, :, 0])


def test_class_names_and_colour_images():
    figure = plot_predictions(np.zeros((2, 4, 4, 3)), np.array([1, 0]), [1, 1], class_names=["cat", "dog"])
    assert [axis.get_title() for axis in figure.axes] == ["dog", "cat\nis dog"]


@pytest.mark.parametrize(
    ("images", "predictions", "message"),
    [
        (np.zeros((2, 4)), np.zeros(2), r"images must have shape .* got \(2, 4\)"),
        (np.zeros((2, 4, 4)), np.zeros(3), r"must be of one length, got \[2, 3\]"),
        (np.zeros((0, 4, 4)), np.zeros(0), "no images"),
    ],
)
def test_bad_pictures(images, predictions, message):
    with pytest.raises(ValueError, match=message):
        plot_predictions(images, predictions)
