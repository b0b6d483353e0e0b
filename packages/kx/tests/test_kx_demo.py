"""The demo runs on the digits that come with kx, says what it does and leaves its pictures."""

import sys

import numpy as np
import pytest

from kx import demo
from kx.datasets import mnist

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def few_digits(monkeypatch):
    """The bundled digits cut down to what trains in a moment."""
    (x_train, y_train), (x_test, y_test) = mnist.load_subset()
    part = (x_train[:2560], y_train[:2560]), (x_test[:512], y_test[:512])
    monkeypatch.setattr(mnist, "load_subset", lambda: part)
    monkeypatch.setattr(mnist, "load_available", lambda timeout, seconds: (*part, "The digits of the test."))
    return part


def test_it_learns_and_draws(few_digits, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    loss, accuracy = demo.main(["--subset", "--epochs", "2", "--output", str(tmp_path / "new" / "folder")])
    said = capsys.readouterr().out
    assert accuracy > 0.75 and loss < 0.8
    assert "MNIST, the part that comes with kx" in said
    assert "Total params: 669,706" in said and "Epoch 2/2" in said and "val_accuracy" in said
    assert f"Test loss: {loss:.4f}\nTest accuracy: {accuracy:.4f}\n" in said
    for name in ("digits.png", "history.png"):
        picture = tmp_path / "new" / "folder" / name
        assert str(picture) in said
        assert picture.read_bytes().startswith(PNG) and picture.stat().st_size > 10_000


def test_the_same_seed_gives_the_same_result(few_digits, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "save_pictures", lambda *arguments: None)
    run = lambda seed: demo.main(["--subset", "--epochs", "1", "--seed", seed])
    assert run("1") == run("1") != run("2")


def test_it_says_which_data_it_found_and_works_without_matplotlib(few_digits, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    demo.main(["--epochs", "1", "--output", str(tmp_path)])
    said = capsys.readouterr().out
    assert "Looking for MNIST ...\nThe digits of the test.\n" in said
    assert "No pictures: Plots need Matplotlib" in said
    assert not list(tmp_path.iterdir())


def test_the_picture_ends_with_the_surest_mistakes():
    labels = np.array([0, 1, 1, 0, 1])
    predictions = np.array([[0.6, 0.4], [0.9, 0.1], [0.3, 0.7], [0.5, 0.5], [0.7, 0.3]])
    assert demo.choose_digits(labels, predictions, right=2, wrong=2).tolist() == [0, 1, 1, 4]
    assert demo.choose_digits(labels[:1], predictions[:1]).tolist() == [0]


def test_no_epochs_is_refused(capsys):
    with pytest.raises(SystemExit):
        demo.parse(["--epochs", "0"])
    assert "--epochs must be at least 1, got 0" in capsys.readouterr().err
