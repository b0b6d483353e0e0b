"""Sequences of unequal lengths."""

from kx_datasets.sequences import pad_sequences as pad_sequences
from kx_datasets.timeseries import TimeseriesGenerator as TimeseriesGenerator
from kx_datasets.word_pairs import make_sampling_table as make_sampling_table
from kx_datasets.word_pairs import skipgrams as skipgrams
