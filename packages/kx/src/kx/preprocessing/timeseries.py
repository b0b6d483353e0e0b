"""Windows of time series."""

from kx_datasets.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
