"""Data into the form a model takes."""

from kx.preprocessing import sequence as sequence
from kx.preprocessing import text as text
