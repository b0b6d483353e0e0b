"""The demo: a multilayer perceptron learns handwritten digits, and shows what it learned.

python -m kx.demo [--epochs N] [--subset] [--output FOLDER]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from kx.datasets import mnist
from kx.layers import Dense, Dropout, Input
from kx.models import Sequential
from kx.utils import set_random_seed, to_categorical
from kx.visualization import plot_history, plot_predictions

CLASSES = 10
BATCH_SIZE = 128


def prepare(images, labels):
    """Return images as rows of floats between 0 and 1, and labels as one-hot rows.

    Shapes: (n, 28, 28) uint8, (n,) -> (n, 784), (n, 10).

    >>> x, y = prepare(np.full((2, 28, 28), 255, "uint8"), np.array([3, 1]))
    >>> x.shape, float(x.max()), y.argmax(axis=1).tolist()
    ((2, 784), 1.0, [3, 1])
    """
    return images.reshape(len(images), -1).astype("float32") / 255, to_categorical(labels, CLASSES)


def build_model():
    """Return the compiled model: 784 pixels, two hidden layers of 512 with dropout, 10 probabilities.

    >>> build_model().count_params()
    669706
    """
    model = Sequential(
        [
            Input((784,)),
            Dense(512, activation="relu"),
            Dropout(0.2),
            Dense(512, activation="relu"),
            Dropout(0.2),
            Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def choose_digits(labels, predictions, right=24, wrong=8):
    """Return indices for a picture: the first digits of the set, then the mistakes the model was surest of.

    >>> labels, sure = np.array([0, 1, 0]), np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]])
    >>> choose_digits(labels, sure, right=2, wrong=1).tolist()
    [0, 1, 1]
    """
    mistakes = np.flatnonzero(predictions.argmax(axis=1) != labels)
    surest = mistakes[np.argsort(-predictions[mistakes].max(axis=1), kind="stable")]
    return np.concatenate([np.arange(min(right, len(labels))), surest[:wrong]])


def save_pictures(folder, history, images, labels, predictions):
    """Write `digits.png` and `history.png` into `folder` and say where; without Matplotlib, say what is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = choose_digits(labels, predictions)
    try:
        plot_predictions(images[shown], predictions[shown], labels[shown], path=folder / "digits.png")
        plot_history(history, path=folder / "history.png")
    except ImportError as error:
        print(f"No pictures: {error}")
        return
    print(f"Digits with predictions, the surest mistakes last: {folder / 'digits.png'}")
    print(f"Learning curves: {folder / 'history.png'}")


def main(arguments=None):
    """Run the demo with command-line `arguments`; return the test loss and accuracy."""
    options = parse(arguments)
    if options.subset:
        (train, test), data = mnist.load_subset(), "MNIST, the part that comes with kx."
    else:
        print("Looking for MNIST ...")
        train, test, data = mnist.load_available(timeout=3.0, seconds=60.0)
    print(data)
    x_train, y_train = prepare(*train)
    x_test, y_test = prepare(*test)

    set_random_seed(options.seed)
    model = build_model()
    model.summary()
    start = time.perf_counter()
    history = model.fit(
        x_train, y_train, batch_size=BATCH_SIZE, epochs=options.epochs, validation_data=(x_test, y_test)
    )
    print(f"Trained for {options.epochs} epochs in {time.perf_counter() - start:.1f} s.")
    loss, accuracy = model.evaluate(x_test, y_test, batch_size=BATCH_SIZE, verbose=0)
    print(f"Test loss: {loss:.4f}")
    print(f"Test accuracy: {accuracy:.4f}")
    predictions = model.predict(x_test, batch_size=BATCH_SIZE, verbose=0)
    save_pictures(options.output, history, test[0], test[1], predictions)
    return loss, accuracy


def parse(arguments=None):
    """Return the options that command-line `arguments` give.

    >>> parse(["--epochs", "2"]).epochs
    2
    """
    parser = argparse.ArgumentParser(prog="python -m kx.demo", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--epochs", type=int, default=5, help="passes over the training set (default: %(default)s)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("demo-output"),
        help="folder for the pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--subset",
        action="store_true",
        help="use the 12,000 digits that come with kx: quicker, and no network",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.epochs < 1:
        parser.error(f"--epochs must be at least 1, got {options.epochs}")
    return options


if __name__ == "__main__":
    main()
