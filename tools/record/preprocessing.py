"""Record what Keras's preprocessing layers do, for packages/kx-layers/tests/test_preprocessing_golden.py.

Run it where Keras 3.15.1 and TensorFlow are installed:

    KERAS_BACKEND=tensorflow python tools/record/preprocessing.py packages/kx-layers/tests/golden/preprocessing.json

TensorFlow, since the layers for strings work with nothing else. A case is an expression with its value, or the words that it
raised an error; the test evaluates the same expressions with the layers of kx. `adapted(layer, data)` and `given(layer,
vocabulary)` return the layer; `Input` is symbolic.
"""

import json
import sys

import numpy as np

TEXTS = ["The cat sat, on the mat!", "A  dog's\tlog.\nHere-there_x", "ÀÉ the cat"]
TOKENS = [
    "",
    "a",
    "cat",
    "hello world",
    "a" * 20,
    "b" * 40,
    "c" * 64,
    "d" * 65,
    "e" * 70,
    "xyz" * 100,
    "é水",
    "12345678",
]
RAGGED = ['"a"', '["a","b","a"]', '[["a","b","a"],["z","z","c"]]', '[[["a"],["b"]]]', '[["a"],["b"]]']
NUMBERS = [
    "2",
    "[1]",
    "[0,1,1]",
    "[[0,1,1],[2,2,3]]",
    "[[0],[1]]",
    "[[[0],[1]]]",
    "np.zeros((2,3,2),'int32')",
    "[5]",
]
LOOK, INT, VEC = (
    "StringLookup(vocabulary=V",
    "IntegerLookup(vocabulary=[10,20,30]",
    "TextVectorization(vocabulary=['a','b']",
)

STRING_LOOKUP = [
    *(f"{LOOK})({x})" for x in (*RAGGED, "np.array([['a'],['z']], dtype=object)")),
    *(
        f"{LOOK}{arguments})(['a','z','','y','[UNK]','é'])"
        for arguments in (
            ", num_oov_indices=3",
            ", mask_token=''",
            ", num_oov_indices=1000, mask_token=''",
            ", num_oov_indices=0",
            ", salt=3, num_oov_indices=40",
            ", salt=[3,8], num_oov_indices=1000003",
            ", oov_token='a'",
            ", oov_token=None",
            ", mask_token='[UNK]'",
            ", encoding='latin-1'",
        )
    ),
    "StringLookup(vocabulary=V, num_oov_indices=0)(['a','b'])",
    *(
        f"StringLookup({arguments}).get_vocabulary()"
        for arguments in (
            "vocabulary=V",
            "vocabulary=V, mask_token=''",
            "vocabulary=V, num_oov_indices=2",
            "",
            "num_oov_indices=0, mask_token=''",
            "vocabulary=['','[UNK]','a'], mask_token=''",
            "vocabulary=['[UNK]','a']",
            "vocabulary=['a','a']",
            "vocabulary=['a','[UNK]']",
            "vocabulary=['a',''], mask_token=''",
            "vocabulary=V, max_tokens=2",
            "vocabulary=['a'], output_mode='multi_hot', mask_token=''",
            "vocabulary=[]",
            "vocabulary=[1,2]",
            "max_tokens=0",
            "num_oov_indices=-1",
            "output_mode='foo'",
            "vocabulary=V, idf_weights=[1,2,3]",
            "vocabulary=V, output_mode='tf_idf'",
            "vocabulary=V, output_mode='tf_idf', idf_weights=[.1,.2]",
            "invert=True, output_mode='one_hot'",
            "foo=3",
            "vocabulary=V, pad_to_max_tokens=True",
            "vocabulary='no such file'",
            "sparse=True",
            "salt='a'",
        )
    ),
    f"{LOOK}, mask_token='').get_vocabulary(include_special_tokens=False)",
    f"{LOOK}, num_oov_indices=2).vocabulary_size()",
    f"{LOOK}, invert=True)([0,1,2,3,9,-1])",
    f"{LOOK}, invert=True, num_oov_indices=2)([[0,1],[2,9]])",
    f"{LOOK}, invert=True, mask_token='')([0,1,2])",
    *(f"{LOOK}, output_mode='{mode}')({x})" for mode in ("one_hot", "multi_hot", "count") for x in RAGGED),
    f"{LOOK}, output_mode='multi_hot', pad_to_max_tokens=True, max_tokens=6)(['a','z'])",
    f"{LOOK}, output_mode='multi_hot', mask_token='')(['a','',''])",
    f"{LOOK}, output_mode='multi_hot', dtype='float64')(['a'])",
    f"{LOOK}, output_mode='tf_idf', idf_weights=[.1,.2,.3])(['a','a','z'])",
    f"{LOOK}, output_mode='tf_idf', idf_weights=[.1,.2,.3], pad_to_max_tokens=True, max_tokens=6)([['a','a','z'],['c','','']])",
    "StringLookup(vocabulary=['[UNK]','a'], output_mode='tf_idf', idf_weights=[.1,.2])(['a','z'])",
    "StringLookup()(['a'])",
    *(
        f"adapted(StringLookup({arguments}), {data}).get_vocabulary()"
        for arguments, data in (
            ("", '["b","a","b","c","a"]'),
            ("", '["b","é","Z","z","1"," ","","水"]'),
            ("mask_token=''", '["b","[UNK]","a","",""]'),
            ("max_tokens=3", '["b","a","b","c","c","c"]'),
            ("", '[["b","a"],["b","c"]]'),
            ("num_oov_indices=2,max_tokens=4", "TEXTS"),
            ("output_mode='multi_hot', mask_token=''", '["b","a","b",""]'),
            ("vocabulary=V", '["b"]'),
        )
    ),
    "adapted(adapted(StringLookup(), ['b','a','b']), ['z','z']).get_vocabulary()",
    *(
        f"adapted(StringLookup(output_mode='tf_idf'{more}), {data})([['b','b','q']])"
        for more, data in (
            ("", '[["b","a","b"],["b","c","d"]]'),
            ("", '["b","a","b","c"]'),
            (", max_tokens=3", '[["b","a","b"],["b","c","d"]]'),
            (", num_oov_indices=2, mask_token='a'", '[["b","a","b"],["b","c","d"]]'),
        )
    ),
    "given(StringLookup(), ['x']).get_vocabulary()",
    "given(StringLookup(vocabulary=V), ['x'])(['a','x'])",
    "given(StringLookup(output_mode='tf_idf'), ['x'])",
    "given(StringLookup(output_mode='tf_idf'), ['x'], [.5])(['x','y'])",
    "given(StringLookup(), ['x'], [.5])",
]
INTEGER_LOOKUP = [
    *(
        f"{INT}{arguments})([10,11,12,13,-1,-2,20,0])"
        for arguments in (
            "",
            ", num_oov_indices=3",
            ", mask_token=0",
            ", num_oov_indices=1000003, oov_method='farmhash'",
            ", num_oov_indices=1000003, oov_method='farmhash', salt=4",
            ", num_oov_indices=3, mask_token=0",
            ", num_oov_indices=0",
            ", output_mode='multi_hot', mask_token=0",
            ", output_mode='count'",
            ", output_mode='one_hot', num_oov_indices=2",
        )
    ),
    f"{INT})(np.array([[10.,99.]]))",
    f"{INT}, output_mode='count')(np.arange(30).reshape(2,3,5))",
    f"{INT}, invert=True)([0,1,2,3,7])",
    f"{INT}, num_oov_indices=3).get_vocabulary()",
    f"{INT}, mask_token=0).get_vocabulary()",
    "adapted(IntegerLookup(), [5,3,5,9,3,-1]).get_vocabulary()",
    "adapted(IntegerLookup(), [7,100,20,3]).get_vocabulary()",
    "adapted(IntegerLookup(mask_token=3, max_tokens=4), [[7,100],[20,3]]).get_vocabulary()",
    *(
        f"IntegerLookup({arguments}).get_vocabulary()"
        for arguments in (
            "vocabulary=[5,-1]",
            "vocabulary=[-1,5]",
            "vocabulary=[0,-1,5], mask_token=0",
            "vocabulary=[5,5]",
            "vocabulary=['a']",
            "vocabulary=[1], vocabulary_dtype='int32'",
            "vocabulary=[1], oov_method='hash'",
            "vocabulary=[1], salt=4",
            "vocabulary=np.array([4,5])",
        )
    ),
]
TEXT_VECTORIZATION = [
    *(
        f"adapted(TextVectorization({arguments}), TEXTS).get_vocabulary()"
        for arguments in (
            "",
            "max_tokens=4",
            "output_mode='tf_idf', max_tokens=4",
            "output_mode='multi_hot'",
            "ngrams=2",
            "ngrams=(1,3)",
            "split='character'",
            "standardize='lower'",
            "standardize='strip_punctuation'",
            "standardize=None",
            "split=None",
            "split='character', ngrams=2",
        )
    ),
    *(
        f"adapted(TextVectorization({arguments}), TEXTS)({x})"
        for arguments in (
            "",
            "output_mode='tf_idf'",
            "output_mode='multi_hot'",
            "output_mode='count', ngrams=2",
            "output_sequence_length=3",
            "ngrams=(2,)",
            "output_mode='count', max_tokens=30, pad_to_max_tokens=True",
            "split='character'",
        )
        for x in ("TEXTS", "[[t] for t in TEXTS]", "'the cat sat'")
    ),
    *(
        f"{VEC}{arguments})({x})"
        for arguments, x in (
            ("", "[['a b','b'],['b','b']]"),
            ("", "[['a b z'],['']]"),
            ("", "['','']"),
            ("", "''"),
            ("", "[[['a b'],['b']]]"),
            (", output_sequence_length=4", "['a b z','','b']"),
            (", output_sequence_length=2", "['a b z','','b']"),
            (", output_sequence_length=2", "'a b z'"),
            (", output_mode='count'", "['a b z b','','b']"),
            (", split=None", "['a','b']"),
            (", output_mode='tf_idf', idf_weights=[.5,2]", "['a b z b','','b']"),
            (", split=None", "[['a','b'],['b','b']]"),
            (", split=None, output_mode='count'", "[['a','b'],['b','b']]"),
            (", split=None, ngrams=2", "[['a','b']]"),
            (", split=None, output_sequence_length=3", "[['a','b'],['b','b']]"),
            (", output_mode='count'", "[['a b'],['b']]"),
            (", split=None, output_sequence_length=1", "[['a','b'],['b','b']]"),
            (", split=None, output_sequence_length=3", "['a','b']"),
            (", output_mode='multi_hot', max_tokens=6, pad_to_max_tokens=True", "'a b z b'"),
            (", split='character'", "[['ab'],['b']]"),
        )
    ),
    "TextVectorization(vocabulary=['a b','b'], ngrams=(2,1))(['a b'])",
    "TextVectorization()(['a'])",
    "adapted(TextVectorization(standardize=None), ['a\\u00a0b c\\u3000d\\x0be\\x0cf\\rg']).get_vocabulary()",
    "adapted(TextVectorization(standardize='lower'), ['ÀÉ ß İ Ω']).get_vocabulary()",
    "adapted(TextVectorization(), [''.join(chr(c) for c in range(33,127)) + ' x“”—é']).get_vocabulary()",
    *(
        f"TextVectorization({arguments}).get_vocabulary()"
        for arguments in (
            "",
            "vocabulary=['a']",
            "vocabulary=['','[UNK]','a']",
            "vocabulary=['[UNK]','a']",
            "output_mode='multi_hot'",
            "vocabulary=['[UNK]','a'], output_mode='multi_hot'",
            "split='foo'",
            "standardize='foo'",
            "output_mode='foo'",
            "ngrams='a'",
            "output_mode='count', output_sequence_length=3",
            "sparse=True",
            "max_tokens=0",
            "foo=1",
            "output_mode='multi_hot', ragged=True",
            "vocabulary='no such file'",
        )
    ),
    "given(TextVectorization(), ['x'])(['x y'])",
    "TextVectorization(vocabulary=['a']).vocabulary_size()",
]
HASHING = [
    *(
        f"Hashing(1000000007{arguments})({x})"
        for arguments in ("", ", salt=5", ", salt=[5,9]", ", mask_value='a'")
        for x in ("TOKENS", "[['a','b'],['c','d']]", "'a'")
    ),
    *(
        f"Hashing(1000000007{arguments})([0,1,-5,123456789012345])"
        for arguments in ("", ", salt=5", ", mask_value=0")
    ),
    "Hashing(5)(np.array([[1,2],[3,4]],'int32'))",
    "Hashing(1000)(np.array([1.5,2.0]))",
    "Hashing(1000)(np.array([True,False]))",
    "Hashing(1, mask_value=0)([0,3])",
    "Hashing(1000)(np.array([b'a']))",
    *(
        f"Hashing(4, output_mode='{mode}')({x})"
        for mode in ("one_hot", "multi_hot", "count")
        for x in RAGGED[1:]
    ),
    "Hashing(4, output_mode='multi_hot', dtype='float64')(['a'])",
    "Hashing(4, dtype='int32')(['a'])",
    *(
        f"Hashing({arguments})"
        for arguments in (
            "0",
            "4, output_mode='tf_idf'",
            "4, salt='a'",
            "4, salt=[1,2,3]",
            "4, sparse=True",
            "4, dtype='float32'",
            "4, foo=1",
        )
    ),
    *(
        f"HashedCrossing({arguments})({x})"
        for arguments in ("1000000007", "4, output_mode='one_hot'")
        for x in (
            "(np.array(['a','b']), np.array(['x','yy']))",
            "(np.array([1,2]), np.array(['x','yy']))",
            "(np.array([1,-2]), np.array([3,4]))",
            "(np.array([[1],[2]]), np.array([[3],[4]]), np.array([['a'],['b']]))",
            "(np.array(1), np.array(3))",
            "(np.array([[1,2]]), np.array([[3,4]]))",
            "(np.array([1.,2.]), np.array([3,4]))",
            "np.array([1,2])",
            "(np.array([1,2]), np.array([[3],[4]]))",
            "(np.array([1,2]),)",
        )
    ),
    "HashedCrossing(1000)(('a','b'))",
    "HashedCrossing(4, output_mode='multi_hot')",
]
CATEGORY_ENCODING = [
    *(f"CategoryEncoding(4, '{mode}')({x})" for mode in ("one_hot", "multi_hot", "count") for x in NUMBERS),
    "CategoryEncoding(4, 'count')(np.array([[0,1,1]]), count_weights=np.array([[.1,.2,.3]]))",
    "CategoryEncoding(4, 'count')(np.array([0,1,1]), count_weights=np.array([.1,.2,.3]))",
    "CategoryEncoding(4, 'multi_hot')(np.array([0,1,1]), count_weights=np.array([.1,.2,.3]))",
    "CategoryEncoding()",
    "CategoryEncoding(0)",
    "CategoryEncoding(4, 'int')",
    "CategoryEncoding(4, dtype='int32')([1])",
]
DISCRETIZATION = [
    *(
        f"Discretization([0.,1.,2.])({x})"
        for x in (
            "np.array([[-1.5,1.0,3.4,.5],[0.,3.,1.3,2.]])",
            "np.array([np.nan,np.inf,-np.inf])",
            "1.5",
            "[1,2]",
        )
    ),
    *(
        f"Discretization([0.,1.,2.], output_mode='{mode}')({x})"
        for mode in ("one_hot", "multi_hot", "count")
        for x in (
            "1.5",
            "np.array([1.5,.5,.5])",
            "np.array([[1.5,.5,.5],[3,-1,0]])",
            "np.array([[.5],[1.5]])",
        )
    ),
    *(
        f"adapted(Discretization({arguments}), {data}).bin_boundaries"
        for arguments, data in (
            ("num_bins=4", "np.array([[-1.5,1.0,3.4,.5],[0.,3.,1.3,0.]])"),
            ("num_bins=4", "R"),
            ("num_bins=10, epsilon=.1", "R"),
            ("num_bins=10, epsilon=.001", "R"),
            ("num_bins=4", "np.arange(5.)"),
            ("num_bins=3", "np.array([1.,1.,1.])"),
            ("num_bins=1", "R"),
            ("num_bins=4", "batched(R, 100)"),
            ("num_bins=4", "batched(R, 64)"),
            ("[0.]", "R"),
        )
    ),
    "adapted(adapted(Discretization(num_bins=2), R), R + 5).bin_boundaries",
    "Discretization([0.,1.], dtype='float64')([1.])",
    *(
        f"Discretization({arguments})"
        for arguments in (
            "[0.,1.], 4",
            "",
            "num_bins=-1",
            "[0.], output_mode='tf_idf'",
            "[0.], sparse=True",
        )
    ),
    "Discretization(num_bins=3)(np.array([1.]))",
    "Discretization([0.,1.], output_mode='one_hot', dtype='float64')(np.array([1.]))",
]
NORMALIZATION = [
    *(
        f"adapted(Normalization({arguments}), X)(X)"
        for arguments in (
            "",
            "axis=None",
            "axis=0",
            "axis=(0,1)",
            "axis=(1,)",
            "invert=True",
            "dtype='float64'",
            "dtype='mixed_float16'",
        )
    ),
    *(
        f"Normalization({arguments})(X)"
        for arguments in (
            "mean=3., variance=2.",
            "mean=[1,2,3], variance=[1,4,9]",
            "mean=[1,2,3], variance=[1,4,9], invert=True",
            "",
            "mean=[1,2,3], variance=[1,0,9]",
            "mean=3.",
            "axis=5",
            "axis=None, mean=1, variance=4",
            "foo=1",
        )
    ),
    *(
        f"adapted(Normalization({axis}), np.arange(24.).reshape(2,3,4) ** 2).{what}"
        for axis in (
            "",
            "axis=1",
            "axis=(1,2)",
            "axis=(-1,1)",
            "axis=None",
        )
        for what in ("mean", "variance")
    ),
    "adapted(Normalization(), X)(X[0])",
    "adapted(Normalization(axis=None), X)(np.float32(2))",
    "adapted(Normalization(), X)([[1,2,3]])",
    "adapted(Normalization(), batched(R.reshape(500, 2), 64)).mean",
    "adapted(Normalization(), batched(R, 64)).variance",
    "adapted(Normalization(), np.ones((3,2)))(np.ones((2,2)))",
    "adapted(adapted(Normalization(), X), X * 2).mean",
    "adapted(adapted(Normalization(), X), X[:, :2])",
    "int(adapted(Normalization(), X).get_weights()[2])",
    "adapted(Normalization(mean=3., variance=2.), X)",
    "Normalization()(Input((None,)))",
]
SHAPES = [
    *(
        f"{layer}({x}).shape"
        for layer in (
            "StringLookup(vocabulary=V)",
            "StringLookup(vocabulary=V, output_mode='multi_hot')",
            "StringLookup(vocabulary=V, output_mode='count', max_tokens=9, pad_to_max_tokens=True)",
            "TextVectorization()",
            "StringLookup(vocabulary=V, output_mode='one_hot')",
            "TextVectorization(output_sequence_length=5)",
            "Hashing(4)",
            "Hashing(4, output_mode='multi_hot')",
        )
        for x in ("Input((1,), dtype='string')", "Input((3,), dtype='string')")
        if (layer, x) != ("TextVectorization()", "Input((3,), dtype='string')")
        and ("Text" not in layer or "(1," in x)
    ),
    *(
        f"CategoryEncoding(4, '{mode}')(Input({shape}, dtype='int32')).shape"
        for mode in ("one_hot", "multi_hot", "count")
        for shape in ((), (1,), (3,))
    ),
    "TextVectorization(vocabulary=['a'], output_mode='multi_hot')(Input((), dtype='string')).shape",
    "HashedCrossing(4)((Input((1,), dtype='string'), Input((1,), dtype='int64'))).shape",
    "HashedCrossing(4, output_mode='one_hot')((Input((), dtype='string'), Input((), dtype='string'))).shape",
    "Discretization([0.,1.], output_mode='one_hot')(Input((3,))).shape",
    "Discretization(num_bins=4)(Input((3,))).shape",
    "adapted(Normalization(), X)(Input((3,))).shape",
    "StringLookup.from_config(adapted(StringLookup(output_mode='multi_hot'), V).get_config())(Input((1,), dtype='string')).shape",
]
CONFIGS = [
    f"config({layer})" for layer in (
        "StringLookup(vocabulary=V)", "StringLookup(vocabulary=np.array(V), num_oov_indices=2, mask_token='')",
        "StringLookup(vocabulary=V, output_mode='tf_idf', idf_weights=[.1,.2,.3])", "adapted(StringLookup(output_mode='tf_idf'), V)",
        "StringLookup(vocabulary=V, salt=3)", "given(StringLookup(), V)", "IntegerLookup(vocabulary=[10,20])",
        "IntegerLookup(vocabulary=[1], salt=[4,5], oov_method='farmhash')", "TextVectorization()",
        "TextVectorization(vocabulary=V)", "adapted(TextVectorization(), TEXTS)", "given(TextVectorization(), V)",
        "TextVectorization(vocabulary=V, output_mode='tf_idf', idf_weights=[1.,2.,3.], ngrams=2, split='character')",
        "TextVectorization(ngrams=(1,3), standardize=None, split=None)", "Hashing(4)",
        "Hashing(4, salt=3, mask_value=1, output_mode='count')", "HashedCrossing(4)", "CategoryEncoding(4)",
        "Discretization([0.,1.])", "Discretization(num_bins=4)", "adapted(Discretization(num_bins=2), R)", "Normalization()",
        "adapted(Normalization(axis=None), X)", "Normalization(mean=[1,2,3], variance=np.array([1,4,9]))",
    )
]  # fmt: skip
FILES = [
    f"stored({layer})" for layer in (
        "adapted(StringLookup(), V)", "adapted(StringLookup(output_mode='tf_idf', mask_token=''), V)", "StringLookup(vocabulary=V)",
        "StringLookup(vocabulary=V, output_mode='tf_idf', idf_weights=[.1,.2,.3])", "given(StringLookup(), V)",
        "adapted(IntegerLookup(), [3,4,4])", "adapted(TextVectorization(), TEXTS)", "TextVectorization(vocabulary=V)",
        "adapted(TextVectorization(output_mode='tf_idf'), TEXTS)", "adapted(Normalization(), X)",
    )
]  # fmt: skip
GROUPS = (
    STRING_LOOKUP,
    INTEGER_LOOKUP,
    TEXT_VECTORIZATION,
    HASHING,
    CATEGORY_ENCODING,
    DISCRETIZATION,
    NORMALIZATION,
)
CASES = [case for group in (*GROUPS, SHAPES, CONFIGS, FILES) for case in group]


def names(layers, keras_input, dataset):
    """The names that the expressions use."""
    import os
    import tempfile

    def adapted(layer, data):
        layer.adapt(data)
        return layer

    def given(layer, *arguments):
        layer.set_vocabulary(*arguments)
        return layer

    def config(layer):
        found = layer.get_config()
        dtype = found.pop("dtype")
        return {**found, "name": None, "dtype": dtype if isinstance(dtype, str) else dtype["config"]["name"]}

    def stored(layer):
        """What the layer writes into a file: its own variables, its assets."""
        own = {}
        layer.save_own_variables(own)
        files = {}
        if hasattr(layer, "save_assets"):
            with tempfile.TemporaryDirectory() as folder:
                layer.save_assets(folder)
                for name in os.listdir(folder):
                    with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
                        files[name] = file.read()
        return {
            "variables": {key: np.asarray(v).tolist() for key, v in own.items()},
            "assets": files,
        }

    return {
        **vars(layers), "np": np, "Input": keras_input, "adapted": adapted, "given": given, "config": config, "stored": stored,
        "batched": lambda x, size: dataset([x[i : i + size] for i in range(0, len(x), size)]),
        "TEXTS": TEXTS, "TOKENS": TOKENS, "V": ["a", "b", "c"], "X": np.array([[1, 2, 3], [4, 5, 9]], "float32"),
        "R": np.random.default_rng(0).normal(size=(1000, 1)).astype("float32"),
    }  # fmt: skip


def plain(value, to_numpy):
    """`value` as JSON has it; an array with its dtype and shape."""
    if isinstance(value, dict):
        return {key: plain(v, to_numpy) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v, to_numpy) for v in value]
    if value is None or isinstance(value, (str, int, float)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, np.integer):
        return int(value)
    array = to_numpy(value)
    if array is None:
        return type(value).__name__
    kind = "string" if array.dtype.kind in "OUS" else array.dtype.name
    values = [v.decode() if isinstance(v, bytes) else v for v in array.ravel().tolist()]
    return {"dtype": kind, "shape": list(array.shape), "values": values}


def main(path):
    import keras
    import tensorflow as tf

    def to_numpy(value):
        return value.numpy() if hasattr(value, "numpy") and not hasattr(value, "row_splits") else None

    def dataset(batches):
        return tf.data.Dataset.from_generator(
            lambda: iter(batches),
            output_signature=tf.TensorSpec((None, *batches[0].shape[1:]), batches[0].dtype),
        )

    known = names(keras.layers, keras.Input, dataset)
    record = {}
    for expression in CASES:
        try:
            value = eval(expression, known)
            if hasattr(value, "numpy") and not isinstance(value, (np.ndarray, np.generic)):
                value = np.asarray(value.numpy())
            record[expression] = {
                "value": plain(value, lambda v: v if isinstance(v, np.ndarray) else to_numpy(v))
            }
        except Exception as error:
            record[expression] = {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"}
    with open(path, "w", encoding="utf-8") as file:
        lines = (
            f"{json.dumps(k, ensure_ascii=False)}:{json.dumps(v, ensure_ascii=False)}"
            for k, v in record.items()
        )
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1])
