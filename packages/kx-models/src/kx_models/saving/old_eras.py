"""Which Keras wrote a file: what a config or an array of weights means depends on it."""

import re
from typing import NamedTuple


class Era(NamedTuple):
    """The version of Keras that wrote a file, and its backend, if the file says so.

    `standalone`: multi-backend Keras 1 to 2.3, not the Keras in TensorFlow.

    >>> Era.of("2.2.4-tf", "tensorflow")
    Era(version=(2, 2), standalone=False, backend='tensorflow')
    >>> Era.of("2.2.4").standalone, Era.of(None).version
    (True, (1, 0))
    """

    version: tuple
    standalone: bool = False
    backend: str | None = None

    @classmethod
    def of(cls, keras_version, backend=None):
        """The era of a version as files name it; files of the first years name none."""
        if not keras_version:
            return cls((1, 0), True, backend)
        found = re.match(r"(\d+)\.(\d+)", str(keras_version))
        version = (int(found[1]), int(found[2])) if found else (1, 0)
        return cls(version, version < (2, 4) and "tf" not in str(keras_version), backend)

    @property
    def old(self):
        """Whether it is Keras 1 or 2."""
        return self.version < (3, 0)
