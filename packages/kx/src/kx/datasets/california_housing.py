"""California housing prices of 1990, 20,640 block groups. Source: Pace and Barry 1997, from StatLib."""

from kx_datasets.california_housing import load_data as load_data
