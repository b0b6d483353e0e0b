"""`PyDataset` as users write it."""

import itertools

import pytest

from kx_datasets import PyDataset, Sequence


class Squares(PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return index * index


def test_settings_and_defaults():
    dataset = Squares(workers=3, use_multiprocessing=True, max_queue_size=5)
    assert (dataset.workers, dataset.use_multiprocessing, dataset.max_queue_size) == (3, True, 5)
    dataset.workers, dataset.use_multiprocessing, dataset.max_queue_size = 2, False, 7
    assert (dataset.workers, dataset.use_multiprocessing, dataset.max_queue_size) == (2, False, 7)
    assert (Squares().workers, Squares().use_multiprocessing, Squares().max_queue_size) == (1, False, 10)
    assert isinstance(Squares(), Sequence)


def test_iterates_over_all_batches():
    dataset = Squares()
    assert list(dataset) == [0, 1, 4, 9] and dataset.num_batches == 4
    assert dataset.on_epoch_begin() is dataset.on_epoch_end() is None


def test_an_endless_dataset():
    class Endless(PyDataset):
        num_batches = None

        def __getitem__(self, index):
            return -index

    assert list(itertools.islice(Endless(), 3)) == [0, -1, -2]


def test_a_forgotten_super_call_warns_once_and_works():
    class Forgetful(Squares):
        def __init__(self):
            self.max_queue_size = 3

    dataset = Forgetful()
    with pytest.warns(UserWarning, match=r"Forgetful.__init__ should call `super\(\).__init__"):
        assert dataset.workers == 1
    assert dataset.use_multiprocessing is False and dataset.max_queue_size == 3


def test_what_is_missing_is_named():
    class Empty(PyDataset):
        pass

    with pytest.raises(NotImplementedError, match="Empty must implement `__getitem__"):
        Empty()[0]
    with pytest.raises(NotImplementedError, match="Empty must implement `__len__`"):
        Empty().num_batches  # noqa: B018
