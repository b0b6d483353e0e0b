"""The models of all families that are saved and loaded across libraries, and what is special about some of them."""

import saved_layer_models
import saved_models
import saved_preprocessing_models
import saved_recurrent_models
import saved_structure_models
import saved_training_models

_FAMILIES = (
    saved_models,
    saved_layer_models,
    saved_recurrent_models,
    saved_structure_models,
    saved_preprocessing_models,
    saved_training_models,
)
MODELS = {name: make for family in _FAMILIES for name, make in family.MODELS.items()}
STRINGS = saved_preprocessing_models.STRINGS
STATEFUL = ("stateful",)  # no file holds the states of stateful layers: they start anew
DRAWING = ("seeds", "noise", "spatial", "recurrent_dropout", "augmented")  # random numbers while they train
LOW_PRECISION = ("mixed", "float16", "bfloat16")


def custom_objects(library):
    """Make known to a library the classes that the files name."""
    for family in _FAMILIES:
        if hasattr(family, "custom_objects"):
            family.custom_objects(library)
