"""Texts as lists of words, and words as numbers by hashing: the functions of Keras 1 and 2."""

import hashlib

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(input_text, filters=FILTERS, lower=True, split=" "):
    """List of the words of a text: characters in `filters` count as `split`, which parts words.

    >>> text_to_word_sequence("Hello, World! It's me.")
    ['hello', 'world', "it's", 'me']
    """
    if lower:
        input_text = input_text.lower()
    input_text = input_text.translate(str.maketrans(dict.fromkeys(filters, split)))
    return [word for word in input_text.split(split) if word]


def hashing_trick(text, n, hash_function=None, filters=FILTERS, lower=True, split=" ", analyzer=None):
    """Numbers in [1, n) for the words of a text: `hash(word) % (n - 1) + 1`, so that two words may share one.

    Args:
        hash_function: None for Python's `hash`, which differs from process to process unless PYTHONHASHSEED
            is set; "md5", which never differs; or a function from a word to an int.
        analyzer: function from a text to its words, instead of `text_to_word_sequence`.

    >>> hashing_trick("The cat sat on", 10, hash_function="md5")
    [6, 3, 1, 1]
    """
    if hash_function is None:
        hash_function = hash
    elif hash_function == "md5":
        hash_function = _md5
    elif not callable(hash_function):
        raise TypeError(f"hash_function must be None, 'md5' or a function, got {hash_function!r}.")
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [hash_function(word) % (n - 1) + 1 for word in words]


def one_hot(input_text, n, filters=FILTERS, lower=True, split=" ", analyzer=None):
    """Numbers in [1, n) for the words of a text: `hashing_trick` with Python's `hash`.

    Despite its name there are no vectors: `to_categorical` makes them of the numbers.

    >>> first, second, third = one_hot("again and again", 50)
    >>> first == third, 1 <= second < 50
    (True, True)
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def _md5(word):
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)
