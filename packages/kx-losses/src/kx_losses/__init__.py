"""Losses and metrics of Keras on kx tensors, with or without a model."""

from kx_losses import losses as losses
from kx_losses import metrics as metrics
from kx_losses.loss import Loss as Loss
from kx_losses.loss import LossFunctionWrapper as LossFunctionWrapper
from kx_losses.metric import Metric as Metric
from kx_losses.resolution import resolve_loss as resolve_loss
from kx_losses.resolution import resolve_metric as resolve_metric

__version__ = "0.1.0"
