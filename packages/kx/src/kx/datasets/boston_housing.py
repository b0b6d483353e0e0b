"""Boston housing prices of the 1970s, 506 districts. Source: Harrison and Rubinfeld 1978, from StatLib."""

from kx_datasets.boston_housing import load_data as load_data
