"""PyTorch's DataLoader, by a stand-in of its name, and pipelines with preprocessing layers in them."""

import gc
import queue
import threading

import numpy as np
import pytest

from kx_datasets.pipeline.dataset import Dataset
from kx_layers import (
    Dense,
    Discretization,
    Embedding,
    GlobalAveragePooling1D,
    Input,
    IntegerLookup,
    Normalization,
    StringLookup,
    TextVectorization,
)
from kx_models import Sequential
from kx_models.callbacks import Callback

X = np.random.RandomState(0).standard_normal((10, 3)).astype("float32")
Y = np.arange(10) % 2


class Tensor:
    """What a loader gives: `detach().cpu().numpy()` makes an array of it, also where gradients are taken."""

    def __init__(self, array):
        self.array = array
        self.shape = array.shape

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
        )

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return self.array


class LoaderIterator:
    """Hands out what a worker prepares ahead, which ends when nothing refers to this iterator any more."""

    def __init__(self, batches):
        self.batches, self.stop = queue.Queue(maxsize=2), threading.Event()
        self.worker = threading.Thread(target=self.work, args=(batches, self.batches, self.stop))
        self.worker.start()

    @staticmethod
    def work(batches, prepared, stop):
        for batch in [*batches, None]:
            while not stop.is_set():
                try:
                    prepared.put(batch, timeout=0.01)
                    break
                except queue.Full:
                    pass

    def __iter__(self):
        return self

    def __next__(self):
        batch = self.batches.get(timeout=10)
        if batch is None:
            raise StopIteration
        return batch

    def __del__(self):
        self.stop.set()
        self.worker.join()


class DataLoader:
    __module__ = "torch.utils.data.dataloader"

    def __init__(self, batch_size=4):
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(X) // self.batch_size)

    def __iter__(self):
        starts = range(0, len(X), self.batch_size)
        cut = lambda array, at: Tensor(array[at : at + self.batch_size])
        return LoaderIterator([[cut(X, at), cut(Y, at)] for at in starts])


@pytest.fixture(autouse=True)
def nothing_left_running():
    before = set(threading.enumerate())
    yield
    gc.collect()
    assert set(threading.enumerate()) <= before


def classifier():
    model = Sequential([Input((3,)), Dense(2)])
    model.set_weights([np.eye(3, 2), np.zeros(2)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


class Stops(Callback):
    def __init__(self, error=None):
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch, logs=None):
        if self.error is not None:
            raise self.error
        self.model.stop_training = True

    def on_test_batch_end(self, batch, logs=None):
        if self.error is not None:
            raise self.error

    on_predict_batch_end = on_test_batch_end


def test_a_loader_is_as_good_as_arrays():
    expected = classifier().fit(X, Y, batch_size=4, shuffle=False, epochs=2, verbose=0).history["loss"]
    model = classifier()
    history = model.fit(DataLoader(), validation_data=DataLoader(5), epochs=2, verbose=0).history
    assert history["loss"] == pytest.approx(expected)
    assert history["val_loss"][-1] == pytest.approx(model.evaluate(X, Y, verbose=0))
    assert model.evaluate(DataLoader(), verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    np.testing.assert_allclose(model.predict(DataLoader(), verbose=0), model.predict(X, verbose=0), rtol=1e-6)


def test_what_belongs_into_a_loader():
    for name in ("y", "sample_weight"):
        with pytest.raises(ValueError, match=f"`x` as a torch DataLoader, `{name}` should not be passed"):
            classifier().fit(DataLoader(), **{name: Y})


def test_workers_of_a_loader_end_with_the_run():
    before = threading.active_count()
    model = classifier()
    model.fit(DataLoader(1), verbose=0, callbacks=[Stops()])
    assert threading.active_count() == before
    model.fit(DataLoader(1), steps_per_epoch=2, epochs=2, verbose=0)
    model.evaluate(DataLoader(1), steps=2, verbose=0)
    model.predict(DataLoader(1), steps=2, verbose=0)
    assert threading.active_count() == before
    for run in (model.fit, model.evaluate, model.predict):
        with pytest.raises(ZeroDivisionError):
            run(DataLoader(1), verbose=0, callbacks=[Stops(ZeroDivisionError())])
        assert threading.active_count() == before


# ---- layers in a pipeline; the values are those of Keras 3.15.1 on TensorFlow ----------------------------------

WORDS = Dataset.from_tensor_slices(np.array(["the cat", "cat", "a dog"]))


def values(dataset):
    return [np.asarray(each).tolist() for each in dataset]


@pytest.mark.parametrize("threads", [None, 2])
def test_texts_become_numbers_in_a_pipeline(threads):
    layer = TextVectorization(vocabulary=["cat", "the"])
    assert values(WORDS.map(layer, threads)) == [[3, 2], [2], [1, 1]]
    assert values(WORDS.batch(3).map(layer, threads)) == [[[3, 2], [2, 0], [1, 1]]]
    several = TextVectorization(vocabulary=["cat", "the"], output_mode="multi_hot")
    assert values(WORDS.map(several, threads)) == [[0, 1, 1], [0, 1, 0], [1, 0, 0]]


def test_lookups_of_single_values_and_batches():
    letters = Dataset.from_tensor_slices(np.array(["a", "b", "z"]))
    assert values(letters.map(StringLookup(vocabulary=["a", "b"]))) == [1, 2, 0]
    one_hot = StringLookup(vocabulary=["a", "b"], output_mode="one_hot")
    assert values(letters.map(one_hot)) == [[[0, 1, 0]], [[0, 0, 1]], [[1, 0, 0]]]
    assert values(letters.batch(3).map(one_hot)) == [[[0, 1, 0], [0, 0, 1], [1, 0, 0]]]
    numbers = Dataset.from_tensor_slices(np.array([7, 8]))
    assert values(numbers.batch(2).map(IntegerLookup(vocabulary=[8]))) == [[0, 1]]
    edges = Discretization(bin_boundaries=[1.0, 2.0])
    assert values(Dataset.from_tensor_slices(np.array([0.0, 1.5, 3.0])).batch(3).map(edges)) == [[0, 1, 2]]


def test_layers_learn_from_a_pipeline():
    rows = Dataset.from_tensor_slices(np.arange(12.0).reshape(4, 3))
    layer = Normalization()
    layer.adapt(rows.batch(3))
    (found,) = rows.batch(4).map(layer)
    np.testing.assert_allclose(found[:, 0], [-1.3416408, -0.4472136, 0.4472136, 1.3416408], rtol=1e-6)
    assert next(iter(rows.map(layer))).shape == (1, 3)  # as the mean, which has an axis for the batch
    lookup = StringLookup()
    lookup.adapt(Dataset.from_tensor_slices(np.array(["b", "a", "b"])).batch(2))
    assert lookup.get_vocabulary() == ["[UNK]", "b", "a"]
    words = TextVectorization()
    words.adapt(WORDS)
    assert words.get_vocabulary() == ["", "[UNK]", "cat", "the", "dog", "a"]


def test_training_on_texts():
    texts = np.array(["good film", "bad film", "good", "bad bad"] * 8)
    labels = np.array([1, 0, 1, 0] * 8)
    layer = TextVectorization(max_tokens=10, output_sequence_length=3)
    rows = Dataset.from_tensor_slices((texts, labels))
    layer.adapt(rows.map(lambda text, label: text).batch(8))
    data = (
        rows.shuffle(32, seed=1).batch(8).map(lambda text, label: (layer(text), label), 2).cache().prefetch(1)
    )
    model = Sequential([Embedding(10, 4), GlobalAveragePooling1D(), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(data, epochs=40, verbose=0, validation_data=data)
    assert model.evaluate(data, verbose=0)[1] == 1
    assert (model.predict(data.map(lambda x, label: x), verbose=0) > 0.5).sum() == 16
