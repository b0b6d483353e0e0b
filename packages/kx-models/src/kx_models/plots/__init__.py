"""Pictures of models, training runs and predictions; what they need comes with `pip install kx-models[plot]`."""

from kx_models.plots.curves import plot_history as plot_history
from kx_models.plots.curves import plot_predictions as plot_predictions
from kx_models.plots.diagram import model_to_dot as model_to_dot
from kx_models.plots.diagram import plot_model as plot_model
from kx_models.plots.drawing import draw_bounding_boxes as draw_bounding_boxes
from kx_models.plots.drawing import draw_segmentation_masks as draw_segmentation_masks
from kx_models.plots.galleries import plot_bounding_box_gallery as plot_bounding_box_gallery
from kx_models.plots.galleries import plot_image_gallery as plot_image_gallery
from kx_models.plots.galleries import plot_segmentation_mask_gallery as plot_segmentation_mask_gallery
