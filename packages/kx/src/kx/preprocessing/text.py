"""Texts as numbers, as in Keras 1 and 2."""

from kx_datasets.text import hashing_trick as hashing_trick
from kx_datasets.text import one_hot as one_hot
from kx_datasets.text import text_to_word_sequence as text_to_word_sequence
from kx_datasets.tokenizer import Tokenizer as Tokenizer
from kx_datasets.tokenizer import tokenizer_from_json as tokenizer_from_json
