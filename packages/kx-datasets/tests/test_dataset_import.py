"""Importing the package is nearly free, and every name of it is there."""

import subprocess
import sys

import pytest

import kx_datasets


def loaded_after(code):
    """Names of all modules after the code ran in a fresh interpreter."""
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(out.stdout.split())


def test_import_loads_nothing():
    loaded = loaded_after("import kx_datasets")
    assert not {"numpy", "urllib.request", "zipfile", "hashlib", "kx_datasets.cache"} & loaded


def test_arrays_and_inline_batches_load_no_network_and_no_pools():
    loaded = loaded_after("from kx_datasets import PyDataset, ordered_batches, pad_sequences, to_categorical")
    assert not {"urllib.request", "ssl", "multiprocessing", "concurrent.futures", "numpy.testing"} & loaded


def test_a_cached_dataset_loads_no_network():
    loaded = loaded_after("import kx_datasets; kx_datasets.mnist.load_subset()")
    assert "kx_datasets.mnist" in loaded and not {"urllib.request", "ssl", "http.client"} & loaded


def test_every_name_is_there():
    assert dir(kx_datasets) == sorted(kx_datasets.__all__)
    for name in kx_datasets.__all__:
        assert getattr(kx_datasets, name).__doc__
    assert kx_datasets.Sequence is kx_datasets.PyDataset
    with pytest.raises(AttributeError, match="no attribute 'minst'; it has .*mnist"):
        kx_datasets.minst  # noqa: B018
