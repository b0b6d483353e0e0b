"""The names of `keras.losses`."""

from kx_io import registry
from kx_losses.circle import Circle as Circle
from kx_losses.circle import circle as circle
from kx_losses.classification import BinaryCrossentropy as BinaryCrossentropy
from kx_losses.classification import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from kx_losses.classification import CategoricalCrossentropy as CategoricalCrossentropy
from kx_losses.classification import CategoricalFocalCrossentropy as CategoricalFocalCrossentropy
from kx_losses.classification import CategoricalGeneralizedCrossEntropy as CategoricalGeneralizedCrossEntropy
from kx_losses.classification import KLDivergence as KLDivergence
from kx_losses.classification import Poisson as Poisson
from kx_losses.classification import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
from kx_losses.classification import binary_crossentropy as binary_crossentropy
from kx_losses.classification import binary_focal_crossentropy as binary_focal_crossentropy
from kx_losses.classification import categorical_crossentropy as categorical_crossentropy
from kx_losses.classification import categorical_focal_crossentropy as categorical_focal_crossentropy
from kx_losses.classification import (
    categorical_generalized_cross_entropy as categorical_generalized_cross_entropy,
)
from kx_losses.classification import kl_divergence as kl_divergence
from kx_losses.classification import poisson as poisson
from kx_losses.classification import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from kx_losses.ctc import CTC as CTC
from kx_losses.ctc import ctc as ctc
from kx_losses.hinge import CategoricalHinge as CategoricalHinge
from kx_losses.hinge import Hinge as Hinge
from kx_losses.hinge import SquaredHinge as SquaredHinge
from kx_losses.hinge import categorical_hinge as categorical_hinge
from kx_losses.hinge import hinge as hinge
from kx_losses.hinge import squared_hinge as squared_hinge
from kx_losses.loss import Loss as Loss
from kx_losses.regression import CosineSimilarity as CosineSimilarity
from kx_losses.regression import Huber as Huber
from kx_losses.regression import LogCosh as LogCosh
from kx_losses.regression import MeanAbsoluteError as MeanAbsoluteError
from kx_losses.regression import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from kx_losses.regression import MeanSquaredError as MeanSquaredError
from kx_losses.regression import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from kx_losses.regression import cosine_similarity as cosine_similarity
from kx_losses.regression import huber as huber
from kx_losses.regression import log_cosh as log_cosh
from kx_losses.regression import mean_absolute_error as mean_absolute_error
from kx_losses.regression import mean_absolute_percentage_error as mean_absolute_percentage_error
from kx_losses.regression import mean_squared_error as mean_squared_error
from kx_losses.regression import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from kx_losses.segmentation import Dice as Dice
from kx_losses.segmentation import Tversky as Tversky
from kx_losses.segmentation import dice as dice
from kx_losses.segmentation import tversky as tversky

_registry = registry("losses")
get = _registry.get
serialize = _registry.serialize
deserialize = _registry.deserialize
