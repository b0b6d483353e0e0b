"""Where the names of each module of Keras 1, 2 and 3 are in kx: the table behind the import hook.

A place is a path below `keras`: "" is keras itself, "layers.recurrent" the module keras.layers.recurrent. What is no
old path is looked for in kx under the same name.
"""

import importlib.util

_LAYERS = [
    "core", "recurrent", "recurrent_v2", "embeddings", "convolutional", "convolutional_recurrent", "pooling",
    "normalization", "normalization_v2", "advanced_activations", "noise", "local", "wrappers", "merge",
    "cudnn_recurrent", "dense_attention", "serialization", "rnn", "attention", "reshaping", "regularization",
    "activation", "merging", "locally_connected", "preprocessing", "experimental", "experimental.preprocessing",
    "kernelized",
]  # fmt: skip
_ENGINE = [
    "topology", "training", "base_layer", "input_layer", "network", "sequential", "functional", "input_spec",
    "keras_tensor", "saving",
]  # fmt: skip
_UTILS = [
    "np_utils", "generic_utils", "vis_utils", "visualize_util", "io_utils", "layer_utils", "data_utils",
    "training_utils", "multi_gpu_utils", "conv_utils", "tf_utils", "test_utils",
]  # fmt: skip

# Place of an old module -> (the kx modules that have its names, what to write today).
_OLD = {
    "models.experimental": (("kx.models",), "keras.models"),
    "objectives": (("kx.losses", "kx.compat.old_losses"), "keras.losses"),
    "initializations": (("kx.compat.old_functions", "kx.initializers"), "keras.initializers"),
    "initializers.initializers_v2": (("kx.initializers",), "keras.initializers"),
    "backend.common": (("kx.backend",), "keras.backend"),
    "backend.tensorflow_backend": (("kx.backend",), "keras.backend"),
    "backend.theano_backend": (("kx.backend",), "keras.backend"),
    "backend.experimental": (("kx.backend",), "keras.backend"),
    "callbacks.callbacks": (("kx.callbacks",), "keras.callbacks"),
    "callbacks.experimental": (("kx.callbacks",), "keras.callbacks"),
    "callbacks.tensorboard_v1": (("kx.callbacks",), "keras.callbacks"),
    "callbacks.tensorboard_v2": (("kx.callbacks",), "keras.callbacks"),
    "optimizers.legacy": (("kx.optimizers",), "keras.optimizers"),
    "optimizers.experimental": (("kx.optimizers",), "keras.optimizers"),
    "optimizer_v1": (("kx.optimizers",), "keras.optimizers"),
    "optimizer_v2": (("kx.optimizers",), "keras.optimizers"),
    "experimental": (("kx.optimizers.schedules", "kx.layers", "kx.models"), "keras.optimizers.schedules"),
    "mixed_precision.experimental": (("kx.mixed_precision",), "keras.mixed_precision"),
    "legacy": (("kx",), "keras"),
    "legacy.layers": (("kx.layers",), "keras.layers"),
    "legacy.models": (("kx.models",), "keras.models"),
    **{
        f"legacy.{name}": ((f"kx.{name}",), f"keras.{name}")
        for name in ("preprocessing", "preprocessing.image", "preprocessing.sequence", "preprocessing.text")
    },
    "engine": (("kx.layers", "kx.models", "kx"), "keras.layers and keras.models"),
    "wrappers.scikit_learn": (("kx.compat.scikit_learn",), "keras.wrappers"),
    "saving.save": (("kx.models",), "keras.models"),
    "saving.hdf5_format": (("kx.models",), "keras.models"),
    **{f"layers.{name}": (("kx.layers",), "keras.layers") for name in _LAYERS},
    **{
        f"engine.{name}": (("kx.layers", "kx.models", "kx.compat.old_functions", "kx"), "keras.layers and keras.models")
        for name in _ENGINE
    },
    **{f"utils.{name}": (("kx.utils", "kx.compat.old_functions"), "keras.utils") for name in _UTILS},
}  # fmt: skip

# Modules that Keras has today, too, whose old names are elsewhere in kx.
_TODAY = {
    "": ("kx.compat.version", "kx"),
    "backend": ("kx.backend",),
    "regularizers": ("kx.regularizers", "kx.compat.old_functions"),
    "constraints": ("kx.constraints", "kx.compat.old_functions"),
    "utils": ("kx.utils", "kx.compat.old_functions"),
    "losses": ("kx.losses", "kx.compat.old_losses"),
    "metrics": ("kx.metrics", "kx.compat.old_losses"),
    "optimizers": ("kx.optimizers", "kx.compat.old_optimizers"),
    "wrappers": ("kx.compat.scikit_learn",),
}

# Modules of TensorFlow outside of tensorflow.keras.
_TENSORFLOW = {
    "tensorflow": ("kx.compat.tf",),
    "tensorflow.compat": ("kx.compat.tf",),
    "tensorflow.compat.v1": ("kx.compat.tf",),
    "tensorflow.compat.v2": ("kx.compat.tf",),
    "tensorflow.python": ("kx.compat.tf",),
    "tensorflow.contrib": ("kx.compat.tf",),
}
_KERAS_IN_TENSORFLOW = ("keras", "python.keras", "compat.v1.keras", "compat.v2.keras", "contrib.keras")
# Keras in Keras: private places that editors complete imports with, longest first.
_KERAS_IN_KERAS = (
    "_tf_keras.keras",
    "api._v1.keras",
    "api._v2.keras",
    "_tf_keras",
    "api._v1",
    "api._v2",
    "api",
    "src",
)
_NO_NAMESPACES = ("compat", "command", "demo")  # of kx, not of Keras

CALLABLE = {"layers.merge": ("kx.layers", "merge")}  # the function of Keras 1, the module of Keras 2


def sources_of(place):
    """Return the kx modules that have the names of a place, None if there is no such place.

    >>> sources_of("layers.recurrent"), sources_of("layers"), sources_of("nonsense")
    (('kx.layers',), ('kx.layers',), None)
    """
    if place in _OLD:
        return _OLD[place][0]
    found = _TODAY.get(place) or _TENSORFLOW.get(place)
    if found is None and place.partition(".")[0] not in _NO_NAMESPACES and _exists(f"kx.{place}"):
        found = (f"kx.{place}",)
    return found


def place_of(fullname):
    """Return the place that a full module name means, None if there is none.

    >>> place_of("keras.layers.core"), place_of("tensorflow.keras.models"), place_of("tensorflow"), place_of("keras.x")
    ('layers.core', 'models', 'tensorflow', None)
    """
    root, _, rest = fullname.partition(".")
    place, prefixes = (fullname, _KERAS_IN_TENSORFLOW) if root == "tensorflow" else (rest, _KERAS_IN_KERAS)
    for prefix in prefixes:
        if rest == prefix or rest.startswith(f"{prefix}."):
            place = rest.removeprefix(prefix).removeprefix(".")
            break
    return None if sources_of(place) is None else place


def modern_path(fullname):
    """Return what to write today instead of an old path, None for one that is still right.

    >>> modern_path("keras.layers.recurrent"), modern_path("keras.layers")
    ('keras.layers', None)
    """
    place = place_of(fullname)
    return _OLD[place][1] if place in _OLD else None


def _exists(module):
    try:
        return importlib.util.find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):  # a parent is missing, or is no package
        return False
