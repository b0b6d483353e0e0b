"""Pictures of models, training runs and predictions; what they need comes with `pip install kx-models[plot]`."""

from kx_models.plots.curves import plot_history as plot_history
from kx_models.plots.curves import plot_predictions as plot_predictions
from kx_models.plots.diagram import model_to_dot as model_to_dot
from kx_models.plots.diagram import plot_model as plot_model
