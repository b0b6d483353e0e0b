"""Sequences of unequal lengths."""

from kx_datasets.sequences import pad_sequences as pad_sequences
