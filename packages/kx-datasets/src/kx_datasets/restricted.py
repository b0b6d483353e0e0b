"""Reading `.npz` files and pickled batches that came from elsewhere, without running any code of theirs.

Some classic datasets are pickles. A pickle can name any function to call, so the unpickler here knows only
the five names that those files use, and gives each a stand-in that builds plain arrays, lists and bytes after
checking sizes.
"""

import math
import pickle
import zipfile

import numpy as np

_MAX_MEMBER = 1 << 30  # bytes; the largest member of any dataset here is the 180 MB of a CIFAR batch


class _PickledDtype:
    """Stands in for `numpy.dtype`: a byte or an object, nothing else."""

    def __init__(self, code, align=False, copy=True):
        code = code.decode("ascii") if isinstance(code, bytes) else code
        if code not in ("u1", "|u1", "O8", "O", "|O"):
            raise pickle.UnpicklingError(f"Refusing an array of dtype {code!r} in a dataset.")
        self.is_object = code in ("O8", "O", "|O")

    def __setstate__(self, state):
        """Byte order and flags, which mean nothing for bytes and objects."""


class _PickledArray:
    """Stands in for `numpy.ndarray`: takes the pickled state and builds the array from it."""

    array = None

    def __setstate__(self, state):
        shape, dtype, is_fortran, content = state[1:]
        if not (isinstance(shape, tuple) and all(isinstance(size, int) and size >= 0 for size in shape)):
            raise pickle.UnpicklingError(f"Refusing an array of shape {shape!r} in a dataset.")
        if not isinstance(dtype, _PickledDtype):
            raise pickle.UnpicklingError("Refusing an array without a dtype in a dataset.")
        count, kind = math.prod(shape), "items" if dtype.is_object else "bytes"
        is_right = isinstance(content, list if dtype.is_object else bytes) and len(content) == count
        if not is_right or (is_fortran and len(shape) > 1):
            raise pickle.UnpicklingError(
                f"Refusing an array of shape {shape} that does not hold {count} {kind}."
            )
        if dtype.is_object:
            self.array = np.fromiter(content, dtype=object, count=count).reshape(shape)
        else:
            self.array = np.frombuffer(content, np.uint8).reshape(shape)


class _Reconstruct:
    """Stands in for the function of NumPy that makes an empty array, to be filled by its state.

    A class, as a pickle may set the attributes of a function that it got hold of.
    """

    def __new__(cls, kind, shape, typecode):
        if kind is not _PickledArray:
            raise pickle.UnpicklingError("Refusing to rebuild anything but an array in a dataset.")
        return _PickledArray()

    def __setstate__(self, state):
        raise pickle.UnpicklingError("Refusing to change a function in a dataset.")


class _Encode(_Reconstruct):
    """Stands in for `codecs.encode`, by which protocol 2 writes bytes."""

    def __new__(cls, text, encoding):
        if encoding not in ("latin1", b"latin1"):
            raise pickle.UnpicklingError(f"Refusing the encoding {encoding!r} in a dataset.")
        return text.encode("latin1")


_KNOWN = {
    ("numpy", "ndarray"): _PickledArray,
    ("numpy", "dtype"): _PickledDtype,
    ("numpy.core.multiarray", "_reconstruct"): _Reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _Reconstruct,
    ("_codecs", "encode"): _Encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"Refusing {module}.{name} in a dataset: the file is damaged, or means harm."
            ) from None


def load_pickle(stream):
    """The object in a pickle made of arrays (of bytes or objects), lists, tuples, dicts, bytes, text and
    numbers.

    Strings of Python 2 come as bytes. Errors: `pickle.UnpicklingError` for anything else.

    >>> import io, pickle
    >>> load_pickle(io.BytesIO(pickle.dumps({"labels": [1, 2]})))
    {'labels': [1, 2]}
    """
    try:
        return _plain(_Unpickler(stream, encoding="bytes").load())
    except (AttributeError, EOFError, IndexError, TypeError, ValueError) as error:
        raise pickle.UnpicklingError(f"Refusing a damaged pickle in a dataset: {error}") from error


def _plain(value):
    """Replace stand-ins by their arrays where the datasets have them: at the top, or as values of a dict."""
    if isinstance(value, _PickledArray):
        return value.array
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def read_npz(file, *names, objects=()):
    """The arrays `names` of an `.npz` file object, in that order.

    Args: only the arrays in `objects` may be (and are) pickled arrays of objects.
    Errors: `ValueError` for a missing array, or one that claims another size than it has;
    `pickle.UnpicklingError`.

    >>> import io, numpy
    >>> file = io.BytesIO()
    >>> numpy.savez(file, x=[1, 2], y=[3])
    >>> [each.tolist() for each in read_npz(file, "y", "x")]
    [[3], [1, 2]]
    """
    with zipfile.ZipFile(file) as archive:
        members = set(archive.namelist())
        if missing := [name for name in names if f"{name}.npy" not in members]:
            raise ValueError(
                f"Expected the arrays {names} in the .npz file; {missing} are missing from {sorted(members)}."
            )
        return [_read_member(archive, f"{name}.npy", name in objects) for name in names]


def _read_member(archive, member, as_objects):
    size = archive.getinfo(member).file_size
    if size > _MAX_MEMBER:
        raise ValueError(f"{member} claims {size} bytes; a dataset's array has at most {_MAX_MEMBER}.")
    with archive.open(member) as stream:
        shape, is_fortran, dtype = _read_header(stream)
        if as_objects:
            array = load_pickle(stream)
            is_whole = isinstance(array, np.ndarray) and array.dtype.hasobject and array.shape == shape
            if not (is_whole and dtype.hasobject):
                raise ValueError(f"{member} is not the array of {shape} objects that it claims to be.")
            return array
        if dtype.kind not in "biuf":
            raise ValueError(f"{member} has dtype {dtype}; expected plain numbers.")
        content = bytearray(stream.read(size))
        if math.prod(shape) * dtype.itemsize != len(content):
            raise ValueError(f"{member} claims shape {shape} of {dtype}, but holds {len(content)} bytes.")
        return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")


def _read_header(stream):
    """Shape, whether the order is Fortran's, and dtype. Versions 2 and 3 differ in how names are encoded."""
    if np.lib.format.read_magic(stream) == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)
