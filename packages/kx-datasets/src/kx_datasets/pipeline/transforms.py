"""Elements in other groups, other order, other number; each function reads one pass and yields one pass."""

import collections
import itertools

import numpy as np

from kx_datasets.pipeline.elements import map_parts, parts_of
from kx_datasets.pipeline.sources import slices


def groups(elements, size, drop_remainder=False):
    """Yield lists of `size` elements; the last may be shorter, unless `drop_remainder`.

    >>> list(groups(iter("abc"), 2))
    [['a', 'b'], ['c']]
    """
    while group := list(itertools.islice(elements, size)):
        if drop_remainder and len(group) < size:
            return
        yield group


def stacked(group):
    """Return a list of elements as one element with a new first axis.

    >>> stacked([(1, 2.0), (3, 4.0)])
    (array([1, 3]), array([2., 4.]))
    """
    component = itertools.count()

    def stack(*parts):
        number = next(component)
        if hasattr(parts[0], "element_spec"):
            raise TypeError(
                "A window is a Dataset, which `batch` can't stack; use `flat_map(lambda w: w.batch(n))`."
            )
        if any(np.shape(part) != np.shape(parts[0]) for part in parts):
            at = next(i for i, part in enumerate(parts) if np.shape(part) != np.shape(parts[0]))
            raise ValueError(
                f"Cannot batch tensors with different shapes in component {number}. First element had shape "
                f"{list(np.shape(parts[0]))} and element {at} had shape {list(np.shape(parts[at]))}. "
                "`padded_batch` fills them up."
            )
        return np.stack(parts) if np.ndim(parts[0]) else np.array(parts)

    return map_parts(stack, *group)


def batches(elements, size, drop_remainder):
    """Yield `size` elements as one, with a new first axis.

    >>> list(batches(iter([1, 2, 3]), 2, False))
    [array([1, 2]), array([3])]
    """
    return map(stacked, groups(elements, size, drop_remainder))


def padded_batches(elements, size, shapes, values, drop_remainder):
    """Yield batches of elements of different sizes, filled up to `shapes`, or to the largest of the batch.

    >>> list(padded_batches(iter([np.array([1]), np.array([2, 3])]), 2, None, None, False))
    [array([[1, 0],
           [2, 3]])]
    """
    for group in groups(elements, size, drop_remainder):
        wanted = iter(shapes_of_parts(shapes, group[0]))
        fillers = iter(_values(values, group[0]))
        yield map_parts(lambda *parts, w=wanted, f=fillers: _padded(parts, next(w), next(f)), *group)


def shapes_of_parts(shapes, element):
    """Return the shape for each part of an element, None for a size that may be any.

    >>> shapes_of_parts(([-1], []), (np.zeros(3), 1))
    [(None,), ()]
    """
    if shapes is None:
        return [None] * len(parts_of(element))
    if isinstance(element, dict):
        return [found for key in element for found in shapes_of_parts(shapes[key], element[key])]
    if isinstance(element, tuple):
        return [
            found
            for part, shape in zip(element, shapes, strict=True)
            for found in shapes_of_parts(shape, part)
        ]
    return [tuple(None if size == -1 else size for size in shapes)]


def _values(values, element):
    count = len(parts_of(element))
    if values is None or not isinstance(values, (tuple, dict)):
        return [values] * count
    if isinstance(element, dict):
        return [found for key in element for found in _values(values[key], element[key])]
    return [found for part, value in zip(element, values, strict=True) for found in _values(value, part)]


def _padded(parts, shape, value):
    arrays = [np.asarray(part) for part in parts]
    ranks = {array.ndim for array in arrays}
    if len(ranks) > 1 or (shape is not None and len(shape) not in ranks):
        raise ValueError(
            f"All elements and padded_shapes must have the same rank; got {shape} and ranks {ranks}."
        )
    largest = np.max([array.shape for array in arrays], axis=0).tolist() if arrays[0].ndim else []
    sizes = [
        most if size is None else size
        for most, size in zip(largest, largest if shape is None else shape, strict=True)
    ]
    if any(most > size for most, size in zip(largest, sizes)):
        raise ValueError(
            f"Attempted to pad to a smaller size than the input element: padded_shapes is {tuple(sizes)}, an element "
            f"has {tuple(largest)}."
        )
    dtype = np.result_type(*arrays)
    if value is None:
        value = "" if dtype.kind == "U" else dtype.type()
    out = np.full((len(arrays), *sizes), value, dtype)
    for row, array in zip(out, arrays) if sizes else ():
        row[tuple(map(slice, array.shape))] = array
    return out if sizes else np.array(arrays, dtype)


def unbatched(elements):
    """Yield the rows of each element.

    >>> list(unbatched(iter([np.array([1, 2]), np.array([3])])))
    [np.int64(1), np.int64(2), np.int64(3)]
    """
    for element in elements:
        if any(np.ndim(part) == 0 for part in parts_of(element)):
            raise ValueError("Cannot unbatch an input with scalar components.")
        yield from slices(element)


def shuffled(elements, buffer_size, random):
    """Yield elements drawn at random from a buffer that the next ones fill up again.

    >>> sorted(shuffled(iter(range(5)), 3, np.random.default_rng(0)))
    [0, 1, 2, 3, 4]
    """
    buffer = list(itertools.islice(elements, buffer_size))
    for element in elements:
        at = random.integers(len(buffer))
        buffer[at], element = element, buffer[at]
        yield element
    random.shuffle(buffer)
    while buffer:
        yield buffer.pop()


def windows(elements, size, shift, stride, drop_remainder):
    """Yield lists of up to `size` elements, `stride` apart; each begins `shift` after the one before.

    >>> list(windows(iter(range(5)), 3, 2, 1, False))
    [[0, 1, 2], [2, 3, 4], [4]]
    """
    span = (size - 1) * stride + 1
    buffer: collections.deque = collections.deque()
    while True:
        buffer.extend(itertools.islice(elements, span - len(buffer)))
        if not buffer or (drop_remainder and len(buffer) < span):
            return
        yield list(itertools.islice(buffer, 0, None, stride))
        for _ in range(min(shift, len(buffer))):
            buffer.popleft()
        if shift > span:
            collections.deque(itertools.islice(elements, shift - span), maxlen=0)


def interleaved(datasets, cycle_length, block_length, open_pass):
    """Yield `block_length` elements in turn from each of `cycle_length` datasets; the next ones take the place of
    those that are used up.

    >>> list(interleaved(iter([[1, 1, 1], [2], [3]]), 2, 1, lambda d: (x for x in d)))
    [1, 2, 1, 1, 3]
    """
    passes: list = [None] * cycle_length
    more, turn = True, 0
    try:
        while more or any(each is not None for each in passes):
            if passes[turn] is None and more:
                following = next(datasets, None)
                more = following is not None
                passes[turn] = open_pass(following) if more else None
            if passes[turn] is not None:
                count = 0
                for count, element in enumerate(itertools.islice(passes[turn], block_length), 1):  # noqa: B007
                    yield element
                if count < block_length:
                    passes[turn] = None
            turn = (turn + 1) % cycle_length
    finally:
        for each in passes:
            if each is not None:
                each.close()
