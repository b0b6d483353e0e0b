"""Old names of optimizers, losses, initializers, callbacks and the methods of models, and of their arguments."""

from kx_io.spellings.rows import Gone

CLASSES = {
    "WeightRegularizer": "L1L2", "ActivityRegularizer": "L1L2", "L1L2Regularizer": "L1L2",
    "nadam": "Nadam", "adamax": "Adamax", "adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad",
    "adadelta": "Adadelta", "Normal": "RandomNormal", "Uniform": "RandomUniform",
    "MaxNormConstraint": "MaxNorm",
}  # fmt: skip

_WORKERS = Gone("give PyDataset(workers=..., use_multiprocessing=..., max_queue_size=...) what reads ahead")
_QUEUE = {
    "workers": _WORKERS, "nb_worker": _WORKERS, "use_multiprocessing": _WORKERS, "pickle_safe": _WORKERS,
    "max_queue_size": _WORKERS, "max_q_size": _WORKERS,
}  # fmt: skip
_DTYPE = {"dtype": Gone("the variable that is initialized has the dtype")}
_OPTIMIZER = {"lr": "learning_rate", "jit_compile": Gone("kx compiles nothing")}

ARGUMENTS = {
    "Optimizer": _OPTIMIZER,
    "Nadam": {"schedule_decay": Gone("the momentum follows the schedule of the paper")},
    "Adam": {"adaptive_epsilon": Gone("epsilon is a number", (False, None))},
    "Initializer": _DTYPE,
    "RandomNormal": {"scale": "stddev"},
    "L1": {"l": "l1"}, "L2": {"l": "l2"},
    "MaxNorm": {"m": "max_value"},
    "ReduceLROnPlateau": {"epsilon": "min_delta"},
    "EarlyStopping": {"epsilon": "min_delta"},
    "ModelCheckpoint": {
        "load_weights_on_restart": Gone("load_weights says so itself", (False, None)),
    },
    "TensorBoard": {
        "batch_size": Gone("histograms are of weights"), "write_grads": Gone("gradients are not written", (False,)),
        "embeddings_layer_names": Gone("all tables of Embedding layers are written", (None,)),
        "embeddings_data": Gone("the tables are written, not outputs", (None,)),
    },
    "Model.compile": {
        "sample_weight_mode": Gone("sample weights of shape (samples, steps) work as they are"),
        "target_tensors": Gone("targets are given to fit", (None,)),
        "class_mode": Gone("the loss says what the classes are"),
        "distribute": Gone("kx trains on one device", (None,)),
        "experimental_run_tf_function": Gone("there is no TensorFlow function"),
        "theano_mode": Gone("there is no Theano"),
    },
    "Model.fit": {
        "nb_epoch": "epochs", "show_accuracy": Gone("give compile(metrics=['accuracy'])"), **_QUEUE,
    },
    "Model.evaluate": {"show_accuracy": Gone("give compile(metrics=['accuracy'])"), "val_samples": "steps", **_QUEUE},
    "Model.predict": {"val_samples": "steps", **_QUEUE},
    "Model": {"input": "inputs", "output": "outputs"},
}  # fmt: skip
