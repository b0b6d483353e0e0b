"""Pictures of training runs and predictions; they need Matplotlib."""

from kx_models.plots import plot_history as plot_history
from kx_models.plots import plot_predictions as plot_predictions
