"""Where elements come from: arrays, generators, ranges, random numbers."""

import numpy as np

from kx_datasets.pipeline.elements import TensorSpec, as_element, is_branch, map_parts, parts_of


def slices(arrays):
    """Yield the rows of a structure of arrays.

    >>> list(slices((np.arange(2), {"k": np.array([5, 6])})))
    [(np.int64(0), {'k': np.int64(5)}), (np.int64(1), {'k': np.int64(6)})]
    """
    if not is_branch(arrays):
        yield from arrays
        return
    for row in range(rows(arrays)):
        yield map_parts(lambda array, row=row: array[row], arrays)


def rows(arrays):
    """Return the number of rows of a structure of arrays; ValueError if they differ or there are none.

    >>> rows((np.zeros((3, 2)), np.zeros(3)))
    3
    """
    parts = parts_of(arrays)
    if not parts:
        raise ValueError("Expected at least one array.")
    if any(np.ndim(part) == 0 for part in parts):
        raise ValueError("Slicing needs arrays with at least one axis; got a scalar.")
    sizes = [len(part) for part in parts]
    if len(set(sizes)) > 1:
        raise ValueError(f"All arrays must have the same first size; got {', '.join(map(str, sizes))}.")
    return sizes[0]


def generated(generator, args, signature):
    """Yield what a generator function yields, converted and checked against the signature, if there is one.

    >>> list(generated(lambda: [1, 2], (), TensorSpec((), "float32")))
    [np.float32(1.0), np.float32(2.0)]
    """
    elements = iter(generator(*args))
    try:
        for element in elements:
            yield as_element(element) if signature is None else _fit(signature, element)
    finally:
        if hasattr(elements, "close"):
            elements.close()


def _fit(signature, element):
    if is_branch(signature) and isinstance(element, list):
        element = tuple(element)
    try:
        return map_parts(_fit_part, signature, element)
    except ValueError as error:
        if is_branch(signature) and not is_branch(element):
            raise TypeError(
                "`generator` yielded an element that did not match the expected structure. The expected structure "
                f"was {signature}, but the yielded element was {element!r}."
            ) from error
        raise


def _fit_part(spec, value):
    try:
        array = np.asarray(value) if spec.dtype == "string" else np.asarray(value).astype(spec.dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(
            "`generator` yielded an element that could not be converted to the expected type. The expected type was "
            f"{spec.dtype}, but the yielded element was {value!r}."
        ) from error
    shape = spec.shape
    if shape is not None and not (
        len(shape) == array.ndim and all(want in (None, size) for want, size in zip(shape, array.shape))
    ):
        raise TypeError(
            f"`generator` yielded an element of shape {array.shape} where an element of shape {shape} was expected."
        )
    return array[()] if not array.ndim else array


def signature_of(types, shapes):
    """Return the specs for `output_types` and `output_shapes`; shapes that are not given may be any.

    >>> signature_of(("int32", "float32"), ([], [None, 2]))
    (TensorSpec(shape=(), dtype='int32'), TensorSpec(shape=(None, 2), dtype='float32'))
    """
    if shapes is None:
        return map_parts(lambda dtype: TensorSpec(None, dtype), types)
    if not is_branch(types):
        return TensorSpec(shapes, types)
    if isinstance(types, dict):
        return {key: signature_of(types[key], shapes[key]) for key in types}
    return tuple(signature_of(t, s) for t, s in zip(types, shapes, strict=True))


def random_integers(seed):
    """Yield integers below 2**32 without end.

    >>> int(next(random_integers(1))) == int(next(random_integers(1)))
    True
    """
    random = np.random.default_rng(seed)
    while True:
        yield from random.integers(2**32, size=256)
