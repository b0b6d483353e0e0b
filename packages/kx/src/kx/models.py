"""Models: sequential, functional and subclassed."""

from kx_models.model import Model as Model
from kx_models.sequential import Sequential as Sequential
