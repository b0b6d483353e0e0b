"""IMDB film reviews, 25,000 for training and 25,000 for testing, labelled by sentiment."""

from kx_datasets.imdb import get_word_index as get_word_index
from kx_datasets.imdb import load_data as load_data
