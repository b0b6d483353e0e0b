"""Record what Keras 2 makes of texts, for packages/kx-datasets/tests/test_tokenizer.py.

Run it where tf_keras 2.21.0 is installed:

    python tools/record/tokenizer.py packages/kx-datasets/tests/golden/tokenizer.json

A case is an expression with its value. The test evaluates the same expressions with the functions of kx. `fitted` makes
a Tokenizer and fits it; Python's random generator is seeded before each case.
"""

import json
import random
import sys

import numpy as np

TEXTS = [
    "The cat sat on the mat. The cat!",
    "A dog, on the log",
    ["Dog", "the", "x y"],
    "",
    "l'été à Paris; été",
]
NEW = ["the the cat zebra dog", "", ["Cat", "dog", "x y"], "ÉTÉ, été & on"]
CASES = [
    *(f"text_to_word_sequence({arguments})" for arguments in (
        "'Hello, World!  it\\'s\\tA \\n test'", "'Hello World', lower=False", "'a-b_c d', split='_'",
        "'a b,c', filters='b', split='ab'", "''", "'a,b', ''", "'ÀÉ straße'",
    )),
    *(f"hashing_trick({arguments})" for arguments in (
        "'The cat sat on', 10, 'md5'", "'The cat sat on', 10, len", "'a-b', 100, 'md5', analyzer=lambda s: s.split('-')",
        "'The the', 1000, 'md5', '', False", "'é 水', 1000, 'md5'",
    )),
    *(f"make_sampling_table({arguments})" for arguments in ("6", "5, 0.1", "1")),
    *(f"skipgrams({arguments})" for arguments in (
        "[1, 2, 0, 3], 5, window_size=1, negative_samples=0, shuffle=False",
        "[1, 2, 0, 3], 5, window_size=1, seed=3", "[1, 2, 0, 3], 5", "[1, 2, 0, 3, 4, 4], 5, 2, 0.5, categorical=True",
        "[1, 2, 4, 3], 5, 2, sampling_table=[0.5] * 5", "[], 4, negative_samples=0", "[3, 3], 4, 1, 2.0, False",
    )),
    *(f"fitted({arguments}).{what}" for arguments in (
        "", "num_words=5", "num_words=5, oov_token='<oov>'", "char_level=True", "lower=False, filters='.'",
        "analyzer=lambda s: s.split('a')", "oov_token='the'", "split='t', num_words=4",
    ) for what in (
        "texts_to_sequences(NEW)", "texts_to_matrix(NEW)", "texts_to_matrix(NEW, 'count')", "texts_to_matrix(NEW, 'freq')",
        "texts_to_matrix(NEW, 'tfidf')", "sequences_to_texts([[1, 2, 99, 4], [], [5]])", "word_index", "index_word",
        "document_count", "word_counts",
    )),
    "fitted().get_config()['word_counts']", "fitted(num_words=3).get_config()['index_word']",
    "sorted(fitted().get_config())", "sorted(fitted().index_docs.items())", "fitted().texts_to_sequences('the')",
    "counted(num_words=4).sequences_to_matrix([[1, 2, 2, 7], [5]], 'tfidf')",
]  # fmt: skip


def plain(value):
    """`value` as JSON has it: arrays and tuples as lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return [[key, plain(v)] for key, v in value.items()]
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def main(path):
    from tf_keras.preprocessing import sequence, text

    def fitted(**kwargs):
        tokenizer = text.Tokenizer(**kwargs)
        tokenizer.fit_on_texts([t for t in TEXTS if isinstance(t, str)] if "analyzer" in kwargs else TEXTS)
        return tokenizer

    def counted(**kwargs):
        tokenizer = text.Tokenizer(**kwargs)
        tokenizer.fit_on_sequences([[1, 2, 2], [5, 1]])
        return tokenizer

    names = {**vars(text), **vars(sequence), "fitted": fitted, "counted": counted, "NEW": NEW}
    values = []
    for expression in CASES:
        random.seed(0)
        values.append(plain(eval(expression, names)))
    record = {"texts": TEXTS, "new": NEW, "cases": dict(zip(CASES, values, strict=True))}
    record["json"] = fitted(num_words=5, oov_token="<oov>").to_json()
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main(sys.argv[1])
