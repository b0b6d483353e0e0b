"""Data into the form a model takes."""

from kx.preprocessing import image as image
from kx.preprocessing import sequence as sequence
from kx.preprocessing import text as text
from kx.preprocessing import timeseries as timeseries
from kx_datasets.image_folder import image_dataset_from_directory as image_dataset_from_directory
from kx_datasets.text_folder import text_dataset_from_directory as text_dataset_from_directory
from kx_datasets.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
