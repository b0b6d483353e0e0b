"""`StackedRNNCells`: several recurrent cells as one."""

from kx_io import field, register, registry
from kx_layers.layer import Layer
from kx_tensor import ops


def _cells(cells):
    if not isinstance(cells, (list, tuple)):
        raise ValueError(f"StackedRNNCells: cells must be a list of cells, got {cells!r}.")
    cells = [registry("layers").deserialize(c) if isinstance(c, dict) else c for c in cells]
    for cell in cells:
        if not isinstance(cell, Layer):
            raise ValueError(
                f"StackedRNNCells: each cell must be a layer with a `call` method, got {cell!r}."
            )
        if not hasattr(cell, "state_size"):
            raise ValueError(f"StackedRNNCells: each cell must have a `state_size`, got {cell!r}.")
    return cells


def states_of_cell(cell, batch_size):
    """Return the list of the states that a cell starts with: what it says, or zeros of its sizes.

    >>> class Cell(Layer):
    ...     state_size = 2
    >>> [s.shape for s in states_of_cell(Cell(), 3)]
    [(3, 2)]
    """
    if hasattr(cell, "get_initial_state"):
        return _listed(cell.get_initial_state(batch_size=batch_size))
    return [ops.zeros((batch_size, size), cell.compute_dtype) for size in _listed(cell.state_size)]


@register("layers")
class StackedRNNCells(Layer):
    """Several recurrent cells as one: each takes the output of the one before. Its state is the list of theirs.

    >>> from kx_layers import GRUCell, LSTMCell, RNN
    >>> import numpy as np
    >>> layer = RNN(StackedRNNCells([LSTMCell(4), GRUCell(3)]))
    >>> layer(np.zeros((2, 5, 6))).shape
    (2, 3)
    """

    cells = field(to=_cells)

    @property
    def state_size(self):
        """The state sizes of the cells, in a list."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self):
        """The size of the last cell's output."""
        return self._output_size(self.cells[-1])

    def _output_size(self, cell):
        size = cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size
        return getattr(cell, "output_size", None) or size

    def get_initial_state(self, batch_size=None):
        """Return the initial states of the cells, in a list."""
        return [states_of_cell(cell, batch_size) for cell in self.cells]

    def build(self, input_shape):
        for cell in self.cells:
            if not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (input_shape[0], self._output_size(cell))

    def call(self, inputs, states, training=False, **kwargs):
        new = []
        for cell, held in zip(self.cells, states, strict=True):
            inputs, held = cell(inputs, held, training=training, **kwargs)
            new.append(_listed(held))
        return inputs, new


def _listed(states):
    return list(states) if isinstance(states, (list, tuple)) else [states]
