"""Pictures of models, training runs, images and predictions; they need Matplotlib and Pillow."""

from kx_models.plots.curves import plot_history as plot_history
from kx_models.plots.curves import plot_predictions as plot_predictions
from kx_models.plots.drawing import draw_bounding_boxes as draw_bounding_boxes
from kx_models.plots.drawing import draw_segmentation_masks as draw_segmentation_masks
from kx_models.plots.galleries import plot_bounding_box_gallery as plot_bounding_box_gallery
from kx_models.plots.galleries import plot_image_gallery as plot_image_gallery
from kx_models.plots.galleries import plot_segmentation_mask_gallery as plot_segmentation_mask_gallery
