"""The names of `keras.metrics`."""

from kx_io import registry
from kx_losses.accuracy import Accuracy as Accuracy
from kx_losses.accuracy import BinaryAccuracy as BinaryAccuracy
from kx_losses.accuracy import CategoricalAccuracy as CategoricalAccuracy
from kx_losses.accuracy import SparseCategoricalAccuracy as SparseCategoricalAccuracy
from kx_losses.accuracy import SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy
from kx_losses.accuracy import TopKCategoricalAccuracy as TopKCategoricalAccuracy
from kx_losses.accuracy import binary_accuracy as binary_accuracy
from kx_losses.accuracy import categorical_accuracy as categorical_accuracy
from kx_losses.accuracy import sparse_categorical_accuracy as sparse_categorical_accuracy
from kx_losses.accuracy import sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy
from kx_losses.accuracy import top_k_categorical_accuracy as top_k_categorical_accuracy
from kx_losses.classification import binary_crossentropy as binary_crossentropy
from kx_losses.classification import binary_focal_crossentropy as binary_focal_crossentropy
from kx_losses.classification import categorical_crossentropy as categorical_crossentropy
from kx_losses.classification import categorical_focal_crossentropy as categorical_focal_crossentropy
from kx_losses.classification import kl_divergence as kl_divergence
from kx_losses.classification import poisson as poisson
from kx_losses.classification import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from kx_losses.confusion import FalseNegatives as FalseNegatives
from kx_losses.confusion import FalsePositives as FalsePositives
from kx_losses.confusion import Precision as Precision
from kx_losses.confusion import Recall as Recall
from kx_losses.confusion import TrueNegatives as TrueNegatives
from kx_losses.confusion import TruePositives as TruePositives
from kx_losses.curves import AUC as AUC
from kx_losses.curves import PrecisionAtRecall as PrecisionAtRecall
from kx_losses.curves import RecallAtPrecision as RecallAtPrecision
from kx_losses.curves import SensitivityAtSpecificity as SensitivityAtSpecificity
from kx_losses.curves import SpecificityAtSensitivity as SpecificityAtSensitivity
from kx_losses.fscore import F1Score as F1Score
from kx_losses.fscore import FBetaScore as FBetaScore
from kx_losses.hinge import categorical_hinge as categorical_hinge
from kx_losses.hinge import hinge as hinge
from kx_losses.hinge import squared_hinge as squared_hinge
from kx_losses.iou import BinaryIoU as BinaryIoU
from kx_losses.iou import IoU as IoU
from kx_losses.iou import MeanIoU as MeanIoU
from kx_losses.iou import OneHotIoU as OneHotIoU
from kx_losses.iou import OneHotMeanIoU as OneHotMeanIoU
from kx_losses.metric import Mean as Mean
from kx_losses.metric import MeanMetricWrapper as MeanMetricWrapper
from kx_losses.metric import Metric as Metric
from kx_losses.metric import Sum as Sum
from kx_losses.regression import cosine_similarity
from kx_losses.regression import huber as huber
from kx_losses.regression import log_cosh as log_cosh
from kx_losses.regression import mean_absolute_error as mean_absolute_error
from kx_losses.regression import mean_absolute_percentage_error as mean_absolute_percentage_error
from kx_losses.regression import mean_squared_error as mean_squared_error
from kx_losses.regression import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from kx_losses.regression_metrics import ConcordanceCorrelation as ConcordanceCorrelation
from kx_losses.regression_metrics import PearsonCorrelation as PearsonCorrelation
from kx_losses.regression_metrics import R2Score as R2Score
from kx_losses.regression_metrics import RootMeanSquaredError as RootMeanSquaredError
from kx_losses.regression_metrics import concordance_correlation as concordance_correlation
from kx_losses.regression_metrics import pearson_correlation as pearson_correlation

MeanSquaredError = mean_squared_error.metric_class
MeanAbsoluteError = mean_absolute_error.metric_class
MeanAbsolutePercentageError = mean_absolute_percentage_error.metric_class
MeanSquaredLogarithmicError = mean_squared_logarithmic_error.metric_class
CosineSimilarity = cosine_similarity.metric_class
LogCoshError = log_cosh.metric_class
KLDivergence = kl_divergence.metric_class
Poisson = poisson.metric_class
BinaryCrossentropy = binary_crossentropy.metric_class
CategoricalCrossentropy = categorical_crossentropy.metric_class
SparseCategoricalCrossentropy = sparse_categorical_crossentropy.metric_class
Hinge = hinge.metric_class
SquaredHinge = squared_hinge.metric_class
CategoricalHinge = categorical_hinge.metric_class

_registry = registry("metrics")
get = _registry.get
serialize = _registry.serialize
deserialize = _registry.deserialize
