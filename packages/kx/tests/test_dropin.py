"""`import keras` means kx: the old paths, what is found there, what the errors say."""

import importlib
import subprocess
import sys
import warnings

import numpy as np
import pytest

import kx
from kx import compat

OLD = {
    "keras.layers.core": "Dense Dropout Flatten Reshape Permute RepeatVector Masking Lambda Activation",
    "keras.layers.recurrent": "LSTM GRU SimpleRNN",
    "keras.layers.embeddings": "Embedding",
    "keras.layers.convolutional": "Convolution1D Convolution2D Convolution3D MaxPooling2D ZeroPadding2D UpSampling2D",
    "keras.layers.pooling": "MaxPooling1D AveragePooling2D GlobalMaxPooling1D",
    "keras.layers.normalization": "BatchNormalization",
    "keras.layers.advanced_activations": "LeakyReLU PReLU ELU ThresholdedReLU",
    "keras.layers.noise": "GaussianNoise GaussianDropout",
    "keras.layers.local": "LocallyConnected1D LocallyConnected2D",
    "keras.layers.wrappers": "TimeDistributed Bidirectional",
    "keras.layers.merge": "Add Concatenate Dot concatenate add dot",
    "keras.layers.convolutional_recurrent": "ConvLSTM2D",
    "keras.layers.experimental.preprocessing": "Rescaling Resizing",
    "keras.engine.topology": "Layer Input InputSpec InputLayer get_source_inputs",
    "keras.engine.training": "Model",
    "keras.engine": "Layer Model",
    "keras.objectives": "mean_squared_error binary_crossentropy mse",
    "keras.losses": "mse kld logcosh Reduction mean_squared_error",
    "keras.metrics": "binary_accuracy mse Mean",
    "keras.regularizers": "l1 l2 l1l2 activity_l2 WeightRegularizer",
    "keras.constraints": "maxnorm nonneg unitnorm max_norm MaxNorm",
    "keras.initializations": "uniform glorot_uniform normal",
    "keras.initializers": "RandomNormal glorot_uniform",
    "keras.utils.np_utils": "to_categorical",
    "keras.utils.generic_utils": "get_custom_objects Progbar",
    "keras.utils.vis_utils": "plot_model",
    "keras.utils.visualize_util": "plot",
    "keras.utils.layer_utils": "convert_all_kernels_in_model",
    "keras.utils.data_utils": "get_file Sequence",
    "keras.utils.training_utils": "multi_gpu_model",
    "keras.preprocessing.text": "Tokenizer text_to_word_sequence one_hot",
    "keras.preprocessing.sequence": "pad_sequences",
    "keras.callbacks": "EarlyStopping ReduceLROnPlateau LambdaCallback",
    "keras.datasets.mnist": "load_data",
    "keras.datasets": "mnist imdb cifar10 reuters",
    "keras.models": "Sequential Model load_model model_from_json",
    "keras.optimizers": "SGD Adam RMSprop Adadelta Nadam Adamax Adagrad adam sgd rmsprop",
    "keras.optimizers.legacy": "SGD Adam",
    "keras.wrappers.scikit_learn": "KerasClassifier KerasRegressor",
    "keras.legacy.layers": "Merge Highway MaxoutDense",
    "tensorflow.keras": "Sequential Model layers models backend Input",
    "tensorflow.keras.layers": "Dense Conv2D",
    "tensorflow.python.keras.layers": "Dense",
    "tensorflow.keras.optimizers.schedules": "ExponentialDecay",
    "tf_keras.layers": "Dense",
    "keras.preprocessing.image": "ImageDataGenerator DirectoryIterator Iterator NumpyArrayIterator random_rotation load_img",
    "keras.src.legacy.preprocessing.image": "ImageDataGenerator",
    "keras._tf_keras.keras.preprocessing.image": "ImageDataGenerator",
    "keras.api._v2.keras.layers": "Dense",
    "tensorflow": "keras GradientTape Variable function constant float32 reduce_mean nn math random",
}


@pytest.fixture(autouse=True)
def installed():
    compat.install_as_keras()
    yield
    compat.uninstall()


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("path", OLD)
def test_old_paths_have_the_old_names(path):
    module = importlib.import_module(path)
    missing = [name for name in OLD[path].split() if not hasattr(module, name)]
    assert not missing


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_names_are_those_of_kx():
    from keras.layers.recurrent import LSTM
    from tensorflow import keras
    from tensorflow.keras.layers import Dense

    assert Dense is kx.layers.Dense and LSTM is kx.layers.LSTM and keras.Model is kx.Model
    assert keras.__version__.startswith("3.")


def test_a_note_says_where_the_names_are_today():
    with pytest.warns(FutureWarning, match="keras.layers.recurrent is .* keras.layers today") as seen:
        importlib.import_module("keras.layers.recurrent")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        importlib.import_module("keras.layers")
        importlib.import_module("tensorflow.keras.models")
    assert len(seen) == 1


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_star_imports():
    names = {}
    exec("from keras.layers import *\nfrom keras.models import *", names)
    assert names["Dense"] is kx.layers.Dense and names["Sequential"] is kx.Sequential


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_merge_is_a_function_and_a_module():
    from keras.layers import Input, merge
    from keras.layers.merge import concatenate

    assert merge([Input((2,)), Input((3,))], mode="concat").shape == (None, 5)
    assert concatenate is kx.layers.concatenate


def test_what_is_not_there_is_named():
    import keras

    with pytest.raises(ModuleNotFoundError, match="keras.nonsense"):
        importlib.import_module("keras.nonsense")
    with pytest.raises(AttributeError, match="keras.layers.Dens. Did you mean 'Dense'"):
        keras.layers.Dens  # noqa: B018
    with pytest.raises(ImportError, match="Foo"):
        exec("from keras.layers import Foo")


def test_tensorflow_outside_of_keras():
    import tensorflow as tf

    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(x)) + tf.nn.relu(tf.constant(-1.0)) + tf.math.exp(0.0)
    assert tape.gradient(loss, x).numpy().tolist() == [2.0, 4.0]
    assert tf.concat([tf.zeros((1, 2)), tf.ones((1, 1))], axis=1).shape == (1, 3)
    assert tf.matmul(tf.ones((2, 3)), tf.ones((2, 3)), transpose_b=True).shape == (2, 2)
    assert tf.cast(tf.range(3), tf.float32).dtype == "float32"
    assert len(tf.config.list_physical_devices("CPU")) == 1
    tf.random.set_seed(3)
    first = tf.random.normal((2,)).numpy()
    tf.random.set_seed(3)
    np.testing.assert_array_equal(first, tf.random.normal((2,)).numpy())
    for name, message in {
        "gelu": "Write kx.ops.gelu",
        "conv2d": "kx.ops.conv",
    }.items():
        with pytest.raises(AttributeError, match=message):
            getattr(tf.nn, name)
    with pytest.raises(AttributeError, match="tf.Session: kx has no TensorFlow"):
        tf.Session()
    with pytest.raises(AttributeError, match="Did you mean kx.ops: 'matmul'"):
        tf.matmull  # noqa: B018


def test_a_real_keras_is_never_replaced(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", type(sys)("keras"))
    with pytest.raises(RuntimeError, match="real `keras` is imported already"):
        compat.install_as_keras()


def test_uninstall_leaves_nothing():
    importlib.import_module("keras.layers")
    compat.uninstall()
    assert not [n for n in sys.modules if n.partition(".")[0] in ("keras", "tensorflow", "tf_keras")]


def test_estimators_of_scikit_learn():
    from keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor

    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    labels = np.where(x[:, 0] > 0, "yes", "no")

    def build(units=8, loss="binary_crossentropy", activation="sigmoid"):
        model = kx.Sequential([kx.layers.Dense(units, "relu"), kx.layers.Dense(1, activation)])
        model.compile("adam", loss, metrics=["accuracy"])
        return model

    classifier = KerasClassifier(build, units=16, epochs=60, batch_size=8, verbose=0)
    classifier.fit(x, labels)
    assert classifier.score(x, labels) > 0.9
    assert set(classifier.predict(x).ravel()) <= {"yes", "no"}
    assert classifier.predict_proba(x).shape == (64, 2)
    regressor = KerasRegressor(build, loss="mse", activation=None, epochs=2, verbose=0)
    regressor.fit(x, x[:, 1])
    assert regressor.predict(x).shape == (64,) and regressor.score(x, x[:, 1]) < 0


def test_texts_are_standardized_by_functions_of_tf_strings():
    import tensorflow as tf

    def standardize(texts):
        texts = tf.strings.regex_replace(tf.strings.lower(texts), "<br />", " ")
        return tf.strings.strip(tf.strings.regex_replace(texts, "([a-z])!", r"\1"))

    layer = tf.keras.layers.TextVectorization(standardize=standardize)
    layer.adapt(["A good<br />film!", "a film"])
    assert layer.get_vocabulary()[2:] == ["film", "a", "good"]
    data = tf.data.Dataset.from_tensor_slices(["A film!"]).map(standardize).map(layer)
    assert next(iter(data)).tolist() == [3, 2]


# ---- kx run --------------------------------------------------------------------------------------------------


def run(tmp_path, text, *arguments, command=("run",)):
    script = tmp_path / "script.py"
    script.write_text(text)
    (tmp_path / "beside.py").write_text("name = 'beside'\n")
    return subprocess.run(
        [sys.executable, "-m", "kx", *command, str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_script_runs_as_under_python(tmp_path):
    text = "import sys, beside, keras\nprint(sys.argv[1:], __name__, beside.name, keras.Model.__module__, __file__)\nsys.exit(3)"
    done = run(tmp_path, text, "--epochs", "2")
    assert done.returncode == 3, done.stderr
    assert done.stdout == f"['--epochs', '2'] __main__ beside kx_models.model {tmp_path / 'script.py'}\n"


def test_a_failing_script_shows_its_own_lines(tmp_path):
    text = "import keras\nmodel = keras.Sequential([keras.layers.Dense(2)])\nmodel.fit([1.0], [2.0])\n"
    done = run(tmp_path, text)
    assert done.returncode == 1
    assert 'script.py", line 3' in done.stderr and "kx_models" not in done.stderr
    assert done.stderr.strip().endswith("ValueError: You must call `compile()` before calling `fit()`.")
    full = run(tmp_path, text, command=("run", "--traceback"))
    assert "kx_models" in full.stderr
    broken = run(tmp_path, "def f(:\n")
    assert broken.returncode == 1 and "SyntaxError" in broken.stderr and "kx" not in broken.stderr


def test_processes_that_a_script_starts_have_keras_too(tmp_path):
    text = """
import multiprocessing, sys
import keras, beside

def work(n):
    return keras.backend.square(float(n)).numpy().item(), beside.name, keras.Model.__module__, sys.argv[1:]

if __name__ == "__main__":
    for method in ("spawn", "fork"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(pool.map(work, [3]))
"""
    done = run(tmp_path, text, "--flag")
    assert done.stdout == "[(9.0, 'beside', 'kx_models.model', ['--flag'])]\n" * 2, done.stderr


def test_tensorboard_is_kept_from_what_stands_for_tensorflow(tmp_path):
    pytest.importorskip("tensorboard")
    text = """
import os, tempfile, numpy as np, keras
model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
with tempfile.TemporaryDirectory() as folder:
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[keras.callbacks.TensorBoard(folder)])
    print(os.listdir(folder))
"""
    done = run(tmp_path, text)
    assert done.stdout == "['train']\n", done.stderr


def test_a_missing_script(tmp_path):
    done = subprocess.run([sys.executable, "-m", "kx", "run", "nowhere.py"], capture_output=True, text=True)
    assert done.returncode == 2 and "can't open file 'nowhere.py'" in done.stderr
