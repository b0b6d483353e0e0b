"""Models: sequential, functional and subclassed; training, callbacks, summaries."""

from kx_models.functional import Functional as Functional
from kx_models.model import Model as Model
from kx_models.sequential import Sequential as Sequential

__version__ = "0.1.0"
