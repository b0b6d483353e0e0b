"""Reuters newswires, 11,228 of them in 46 topics."""

from kx_datasets.reuters import get_label_names as get_label_names
from kx_datasets.reuters import get_word_index as get_word_index
from kx_datasets.reuters import load_data as load_data
