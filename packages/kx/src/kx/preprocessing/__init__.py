"""Data into the form a model takes."""

from kx.preprocessing import sequence as sequence
