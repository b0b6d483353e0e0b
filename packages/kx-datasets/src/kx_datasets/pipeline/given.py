"""Elements as loops over a `Dataset` get them: NumPy's arrays and texts, with the `numpy()` of tf.data's tensors."""

import numpy as np

from kx_datasets.pipeline.elements import map_parts


class Array(np.ndarray):
    """A NumPy array with `numpy()`, which loops written for tf.data call; its elements have it too.

    >>> labels = given(np.array([3, 1]))
    >>> labels.numpy(), labels[0].numpy(), ["a", "b"][labels[1]]
    (array([3, 1]), np.int64(3), 'b')
    """

    def numpy(self):
        """Return the plain array, or NumPy scalar."""
        plain = self.view(np.ndarray)
        if plain.dtype.kind in "OU":
            plain = np.array([Text(each) for each in plain.flat], dtype=object).reshape(plain.shape)
        return plain if self.ndim else plain[()]

    def __getitem__(self, key):
        return given(super().__getitem__(key))

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __hash__(self):
        return hash(self.item())  # of one number, as for NumPy's scalars; TypeError for more

    def __repr__(self):
        return repr(self.view(np.ndarray)[()])


class Text(str):
    """A text with the `numpy()` and `decode()` that texts of tf.data have, where they are bytes.

    >>> Text("fine").numpy().decode("utf-8")
    'fine'
    """

    def numpy(self):
        """Return the text."""
        return self

    def decode(self, encoding="utf-8", errors="strict"):
        """Return the text as a plain `str`: it has been decoded."""
        return str(self)


def given(element):
    """Return an element with its arrays and scalars as `Array` and `Text`, without copies.

    >>> given((np.zeros(2), np.int64(3), "a"))
    (array([0., 0.]), np.int64(3), 'a')
    """
    return map_parts(_given_part, element)


def _given_part(part):
    if isinstance(part, (np.ndarray, np.number, np.bool_)):
        return np.asarray(part).view(Array)
    return Text(part) if isinstance(part, str) else part
