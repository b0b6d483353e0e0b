"""Losses and metrics of Keras 1 and 2 by names that Keras 3 dropped."""

from kx_losses import losses

MSE = mse = losses.mean_squared_error
MAE = mae = losses.mean_absolute_error
MAPE = mape = losses.mean_absolute_percentage_error
MSLE = msle = losses.mean_squared_logarithmic_error
KLD = kld = kullback_leibler_divergence = losses.kl_divergence
logcosh = losses.log_cosh
cosine = cosine_proximity = losses.cosine_similarity


class Reduction:
    """How a loss is reduced, by the constants of Keras 2: "auto" is "sum_over_batch_size".

    >>> Reduction.AUTO
    'sum_over_batch_size'
    """

    AUTO = SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    SUM, NONE = "sum", "none"
