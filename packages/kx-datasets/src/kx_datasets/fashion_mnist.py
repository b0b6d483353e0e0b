"""Fashion-MNIST: pictures of clothes in ten classes, in the format of MNIST.

Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017 (MIT licence).
"""

import gzip
import math

import numpy as np

from kx_datasets.source import KERAS_FILES, Source, open_verified

# Keras pins no checksum here; these are of the files whose MD5 Zalando publishes.
FILES = {
    f"{name}-ubyte.gz": Source(
        names=(f"{name}-ubyte.gz",),
        url=f"{KERAS_FILES}{name}-ubyte.gz",
        sha256=(sha256,),
        subfolder="datasets/fashion-mnist",
    )
    for name, sha256 in {
        "train-labels-idx1": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "train-images-idx3": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "t10k-labels-idx1": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        "t10k-images-idx3": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    }.items()
}
_UBYTE = 0x08  # the type code of IDX for unsigned bytes
_MAX_BYTES = 1 << 28


def load_data():
    """Load the pictures: `(x_train, y_train), (x_test, y_test)`.

    Shapes: `x` (60000, 28, 28) and (10000, 28, 28) uint8, 0 to 255; `y` (60000,) and (10000,) uint8:
    T-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.

    Errors: `DatasetNotFound`, `ChecksumError`.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train[:3].tolist()  # doctest: +SKIP
    ((60000, 28, 28), [9, 0, 0])
    """
    y_train, x_train, y_test, x_test = (_load(source) for source in FILES.values())
    return (x_train, y_train), (x_test, y_test)


def _load(source):
    file, _ = open_verified(source)
    with file, gzip.open(file) as stream:
        return read_idx(stream)


def read_idx(stream):
    """Array of bytes in an IDX file: two zeros, a type, the number of axes, each axis as a big-endian int32,
    the data.

    Errors: `ValueError` if it holds anything but bytes, or not as many as it says.

    >>> import io
    >>> read_idx(io.BytesIO(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))).tolist()
    [7, 8, 9]
    """
    magic = stream.read(4)
    if len(magic) < 4 or magic[:3] != bytes([0, 0, _UBYTE]):
        raise ValueError(f"Expected an IDX file of unsigned bytes, got one that begins with {magic!r}.")
    shape = tuple(int.from_bytes(stream.read(4), "big") for _ in range(magic[3]))
    count = math.prod(shape)
    if count > _MAX_BYTES:
        raise ValueError(f"The IDX file claims {count} bytes of data; a dataset has at most {_MAX_BYTES}.")
    content = bytearray(stream.read(count + 1))
    if len(content) != count:
        raise ValueError(
            f"The IDX file claims shape {shape}, {count} bytes, but holds {len(content)} or more."
        )
    return np.frombuffer(content, np.uint8).reshape(shape)
