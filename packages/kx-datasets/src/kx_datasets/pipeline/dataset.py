"""`Dataset`, after tf.data: each method returns a new pipeline, and nothing runs before one is iterated over."""

import contextlib
import itertools

import numpy as np

from kx_datasets.pipeline import prefetch, sources, transforms
from kx_datasets.pipeline.elements import (
    TensorSpec,
    as_element,
    call,
    is_branch,
    map_parts,
    parts_of,
    spec_of,
)
from kx_datasets.pipeline.given import given

AUTOTUNE = prefetch.AUTOTUNE
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2


class Dataset:
    """A pipeline of elements: arrays, or nested tuples and dicts of arrays.

    Names, arguments and orders are those of `tf.data.Dataset`; elements are NumPy arrays, and NumPy scalars where
    there is no axis; text stays text. In a loop, they also have a method `numpy()`, as tensors of tf.data do.
    Functions that are given to `map` and its kin are called with arrays, with one argument for each part of a tuple.
    Every iteration starts anew. Threads (of `prefetch`, and of `map` with `num_parallel_calls`) live as long as the
    iteration that they work for; errors in them are raised, with their own traceback, where the elements are asked
    for.

    >>> data = Dataset.from_tensor_slices((np.arange(6), np.arange(6) * 10))
    >>> data = data.map(lambda x, y: (x / 2, y)).batch(4)
    >>> for x, y in data:
    ...     print(x, y)
    [0.  0.5 1.  1.5] [ 0 10 20 30]
    [2.  2.5] [40 50]
    >>> len(data), data.element_spec[0]
    (2, TensorSpec(shape=(None,), dtype='float64'))
    """

    def __init__(self, passes, cardinality=UNKNOWN_CARDINALITY, spec=None):
        """Make a pipeline of `passes()`, which returns a new generator for each iteration. `spec` is a function
        too; without it, the first element of a pass says what the elements are.
        """
        self._passes = passes
        self._cardinality = cardinality
        self._spec = spec

    def __iter__(self):
        with contextlib.closing(self._passes()) as elements:
            yield from map(given, elements)

    def as_numpy_iterator(self):
        """Return an iterator over the elements."""
        return self._passes()

    def cardinality(self):
        """Return the number of elements, or INFINITE_CARDINALITY (-1), or UNKNOWN_CARDINALITY (-2)."""
        return self._cardinality

    def __len__(self):
        if self._cardinality == INFINITE_CARDINALITY:
            raise TypeError("The dataset is infinite.")
        if self._cardinality == UNKNOWN_CARDINALITY:
            raise TypeError("The dataset length is unknown.")
        return self._cardinality

    def __bool__(self):
        return True

    @property
    def element_spec(self):
        """`TensorSpec` of each part of an element. After `map` and the like it is that of the first element."""
        if self._spec is not None:
            return self._spec()
        with contextlib.closing(self._passes()) as elements:
            for element in elements:
                return spec_of(element)
        raise ValueError("The dataset is empty, so nothing tells what its elements would be.")

    def __repr__(self):
        known = {INFINITE_CARDINALITY: "infinite", UNKNOWN_CARDINALITY: "unknown"}
        return f"<Dataset cardinality={known.get(self._cardinality, self._cardinality)}>"

    def _then(self, transform, *arguments, cardinality=UNKNOWN_CARDINALITY, spec=None):
        """The pipeline of `transform(elements of this, *arguments)`."""

        def passes():
            with contextlib.closing(self._passes()) as elements:
                yield from transform(elements, *arguments)

        return Dataset(passes, cardinality, spec)

    def _same_elements(self):
        return lambda: self.element_spec

    # ---- sources ---------------------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors):
        """Return the pipeline of the rows of arrays (nested in tuples and dicts, all of one length)."""
        arrays = as_element(tensors) if is_branch(tensors) else _one(tensors)
        count = sources.rows(arrays)
        spec = map_parts(lambda spec: spec.unbatched(), spec_of(arrays))
        return Dataset(lambda: sources.slices(arrays), count, lambda: spec)

    @staticmethod
    def from_tensors(tensors):
        """Return the pipeline of just one element."""
        element = as_element(tensors) if is_branch(tensors) else _one(tensors)
        return Dataset(lambda: (each for each in (element,)), 1, lambda: spec_of(element))

    @staticmethod
    def from_generator(generator, output_types=None, output_shapes=None, args=None, output_signature=None):
        """Return the pipeline of what `generator(*args)` yields, called anew for each iteration.

        `output_signature` (a structure of `TensorSpec`), or `output_types` and `output_shapes`, convert and check each
        element; without them elements are taken as they are.
        """
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable: a function that returns an iterable.")
        if output_signature is not None and (output_types is not None or output_shapes is not None):
            raise TypeError(
                "Give either `output_signature`, or `output_types` and `output_shapes`, not both."
            )
        if output_types is not None:
            output_signature = sources.signature_of(output_types, output_shapes)
        elif output_shapes is not None:
            raise TypeError("`output_shapes` needs `output_types` beside it.")
        args = tuple(map(as_element, args or ()))
        spec = None if output_signature is None else lambda: output_signature
        return Dataset(lambda: sources.generated(generator, args, output_signature), spec=spec)

    @staticmethod
    def range(*args, output_type="int64"):
        """Return the pipeline of the numbers of Python's `range(*args)`."""
        numbers = range(*args)
        spec = TensorSpec((), output_type)
        kind = np.dtype(spec.dtype).type
        return Dataset(lambda: (kind(each) for each in numbers), len(numbers), lambda: spec)

    @staticmethod
    def random(seed=None):
        """Return the endless pipeline of random integers below 2**32, the same in each iteration."""
        seed = _drawn(seed)
        spec = TensorSpec((), "int64")
        return Dataset(lambda: sources.random_integers(seed), INFINITE_CARDINALITY, lambda: spec)

    @staticmethod
    def zip(*args, datasets=None):
        """Return the pipeline of one element of each dataset at a time, as long as the shortest: `zip(a, b)`,
        `zip((a, b))`, or nested, `zip({"x": a, "y": b})`.
        """
        structure = datasets if datasets is not None else args if len(args) != 1 else args[0]
        for part in parts_of(structure):
            if not isinstance(part, Dataset):
                raise TypeError(
                    f"Invalid input to `zip`: expected Datasets, in tuples or dicts, got {type(part).__name__}."
                )

        def passes():
            with contextlib.ExitStack() as stack:
                opened = map_parts(lambda d: stack.enter_context(contextlib.closing(d._passes())), structure)
                while True:
                    try:
                        element = map_parts(next, opened)
                    except StopIteration:
                        return
                    yield element

        sizes = [part.cardinality() for part in parts_of(structure)]
        finite = [size for size in sizes if size != INFINITE_CARDINALITY]
        size = (
            UNKNOWN_CARDINALITY if UNKNOWN_CARDINALITY in sizes else min(finite, default=INFINITE_CARDINALITY)
        )
        return Dataset(passes, size, lambda: map_parts(lambda d: d.element_spec, structure))

    # ---- one element from one --------------------------------------------------------------------------------

    def map(self, map_func, num_parallel_calls=None, deterministic=None):
        """Return the pipeline of `map_func(element)`.

        With `num_parallel_calls`, that many threads (AUTOTUNE: one for each processor) call it. The order is kept, also
        where `deterministic=False` allows another one.
        """
        _check_flag("deterministic", deterministic)
        apply = lambda element: as_element(_listed(call(map_func, element)))
        if num_parallel_calls is None:
            return self._then(lambda elements: map(apply, elements), cardinality=self._cardinality)
        threads = prefetch.parallel_calls(num_parallel_calls)
        return self._then(prefetch.mapped_ahead, apply, threads, cardinality=self._cardinality)

    def enumerate(self, start=0):
        """Return the pipeline of `(number, element)`."""
        return self._then(
            lambda elements: zip(map(np.int64, itertools.count(start)), elements),
            cardinality=self._cardinality,
            spec=lambda: (TensorSpec((), "int64"), self.element_spec),
        )

    def apply(self, transformation_func):
        """Return `transformation_func(self)`, which must be a Dataset."""
        result = transformation_func(self)
        if not isinstance(result, Dataset):
            raise TypeError(f"`transformation_func` must return a `Dataset` object. Got {type(result)}.")
        return result

    def prefetch(self, buffer_size):
        """Return the pipeline of which a thread makes up to `buffer_size` elements ahead (AUTOTUNE: 4; 0: none)."""
        size = 4 if buffer_size == AUTOTUNE else buffer_size
        if size < 0:
            raise ValueError(f"buffer_size must be AUTOTUNE (-1) or >= 0, got {buffer_size}.")
        if size == 0:
            return self
        same = self._same_elements()
        return self._then(prefetch.prefetched, size, cardinality=self._cardinality, spec=same)

    def cache(self, filename=""):
        """Return the pipeline that keeps its elements in memory once an iteration has come to its end."""
        if filename:
            raise ValueError(
                "This Dataset is cached in memory only; expected no filename. Use `np.savez` for files."
            )
        kept = []  # of one list, once there is one

        def passes():
            if not kept:
                seen = []
                with contextlib.closing(self._passes()) as elements:
                    for element in elements:
                        seen.append(element)
                        yield element
                kept[:] = [seen]
                return
            yield from kept[0]

        return Dataset(passes, self._cardinality, self._same_elements())

    # ---- other groups ----------------------------------------------------------------------------------------

    def batch(self, batch_size, drop_remainder=False, num_parallel_calls=None, deterministic=None):
        """Return the pipeline of `batch_size` elements as one; the last may be smaller, unless `drop_remainder`.

        `num_parallel_calls` and `deterministic` as in `map`: the batches are put together on threads.
        """
        _positive("Batch size", batch_size)
        _check_flag("deterministic", deterministic)
        size = _batches(self._cardinality, batch_size, drop_remainder)
        leading = batch_size if drop_remainder else None
        spec = lambda: map_parts(lambda part: part.batched(leading), self.element_spec)
        if num_parallel_calls is None:
            return self._then(transforms.batches, batch_size, drop_remainder, cardinality=size, spec=spec)
        threads = prefetch.parallel_calls(num_parallel_calls)
        join = lambda elements: prefetch.mapped_ahead(
            transforms.groups(elements, batch_size, drop_remainder), transforms.stacked, threads
        )
        return self._then(join, cardinality=size, spec=spec)

    def padded_batch(self, batch_size, padded_shapes=None, padding_values=None, drop_remainder=False):
        """Return the pipeline of batches of elements of different sizes, filled up with `padding_values` (zero, empty
        text) to `padded_shapes`; None or -1 there, or no shapes, stand for the largest size of the batch.
        """
        _positive("Batch size", batch_size)
        size = _batches(self._cardinality, batch_size, drop_remainder)
        arguments = (batch_size, padded_shapes, padding_values, drop_remainder)
        leading = batch_size if drop_remainder else None

        def unknown(part):
            inner = None if part.shape is None else [None] * len(part.shape)
            return TensorSpec(inner, part.dtype).batched(leading)

        def spec():
            known = map_parts(unknown, self.element_spec)
            if padded_shapes is None:
                return known
            shapes = transforms.shapes_of_parts(padded_shapes, known)
            return map_parts(lambda part: TensorSpec(shapes.pop(0), part.dtype).batched(leading), known)

        return self._then(transforms.padded_batches, *arguments, cardinality=size, spec=spec)

    def unbatch(self):
        """Return the pipeline of the rows of the elements."""
        spec = lambda: map_parts(lambda part: part.unbatched(), self.element_spec)
        count = self._cardinality
        if count > 0:
            known = self._spec is not None and parts_of(self._spec())
            rows = known[0].shape[0] if known and known[0].shape else None
            count = UNKNOWN_CARDINALITY if rows is None else count * rows
        return self._then(transforms.unbatched, cardinality=count, spec=spec)

    def window(self, size, shift=None, stride=1, drop_remainder=False):
        """Return the pipeline of Datasets of up to `size` elements, `stride` apart; each begins `shift` (`size`) after
        the one before. Elements that are tuples or dicts give tuples or dicts of Datasets.
        """
        shift = size if shift is None else shift
        for name, value in (("Window size", size), ("Window shift", shift), ("Window stride", stride)):
            _positive(name, value)
        count, span = self._cardinality, (size - 1) * stride + 1
        if count >= 0:
            count = -(-count // shift) if not drop_remainder else max(0, (count - span) // shift + 1)
        cut = lambda elements: map(
            _as_datasets, transforms.windows(elements, size, shift, stride, drop_remainder)
        )
        return self._then(cut, cardinality=count)

    # ---- other order, other number ---------------------------------------------------------------------------

    def shuffle(self, buffer_size, seed=None, reshuffle_each_iteration=True):
        """Return the pipeline in random order, drawn from a buffer of `buffer_size` elements (-2: of all).

        Each iteration has another order, unless `reshuffle_each_iteration=False`; the same `seed` gives the same
        orders. Without one it comes from NumPy's global generator, which `set_random_seed` sets.
        """
        size = None if buffer_size == UNKNOWN_CARDINALITY else buffer_size
        if size is not None:
            _positive("buffer_size", size)
        seed, iterations = _drawn(seed), itertools.count()
        again = reshuffle_each_iteration is None or reshuffle_each_iteration

        def mix(elements):
            random = np.random.default_rng([seed, next(iterations) if again else 0])
            return transforms.shuffled(elements, size, random)

        return self._then(mix, cardinality=self._cardinality, spec=self._same_elements())

    def repeat(self, count=None):
        """Return the pipeline `count` times over; without end for None or -1."""
        endless = count is None or count < 0
        size = self._cardinality
        if count == 0:
            size = 0
        elif size > 0:
            size = INFINITE_CARDINALITY if endless else size * count
        elif size == UNKNOWN_CARDINALITY and endless:
            size = INFINITE_CARDINALITY

        def passes():
            for _ in itertools.count() if endless else range(count):
                any_at_all = False
                with contextlib.closing(self._passes()) as elements:
                    for element in elements:
                        any_at_all = True
                        yield element
                if not any_at_all:
                    return

        return Dataset(passes, size, self._same_elements())

    def take(self, count):
        """Return the pipeline of the first `count` elements; of all for -1."""
        if count < 0:
            return self
        size = self._cardinality
        size = count if size == INFINITE_CARDINALITY else min(size, count)
        spec = self._same_elements()
        return self._then(lambda elements: itertools.islice(elements, count), cardinality=size, spec=spec)

    def skip(self, count):
        """Return the pipeline without the first `count` elements; an empty one for -1."""
        if count < 0:
            return self.take(0)
        size = self._cardinality if self._cardinality < 0 else max(0, self._cardinality - count)
        spec = self._same_elements()
        return self._then(
            lambda elements: itertools.islice(elements, count, None), cardinality=size, spec=spec
        )

    def shard(self, num_shards, index):
        """Return the pipeline of every `num_shards`-th element, from number `index` on."""
        _positive("num_shards", num_shards)
        if not 0 <= index < num_shards:
            raise ValueError(f"Index must be between 0 and {num_shards - 1} (currently index = {index}).")
        size = self._cardinality
        if size >= 0:
            size = len(range(index, size, num_shards))
        spec = self._same_elements()
        pick = lambda elements: itertools.islice(elements, index, None, num_shards)
        return self._then(pick, cardinality=size, spec=spec)

    def filter(self, predicate):
        """Return the pipeline of the elements for which `predicate(element)` is true."""
        keep = lambda elements: (each for each in elements if call(predicate, each))
        return self._then(keep, spec=self._same_elements())

    def take_while(self, predicate):
        """Return the pipeline up to the first element for which `predicate(element)` is false."""
        take = lambda elements: itertools.takewhile(lambda each: call(predicate, each), elements)
        return self._then(take, spec=self._same_elements())

    def concatenate(self, dataset):
        """Return the pipeline of these elements, then those of the other dataset."""
        if not isinstance(dataset, Dataset):
            raise TypeError(f"`concatenate` expects a Dataset, got {type(dataset).__name__}.")

        def passes():
            for each in (self, dataset):
                with contextlib.closing(each._passes()) as elements:
                    yield from elements

        sizes = (self._cardinality, dataset.cardinality())
        size = INFINITE_CARDINALITY if INFINITE_CARDINALITY in sizes else UNKNOWN_CARDINALITY
        return Dataset(passes, sum(sizes) if min(sizes) >= 0 else size, self._same_elements())

    # ---- several elements from one, one from all -------------------------------------------------------------

    def flat_map(self, map_func):
        """Return the pipeline of the elements of the Datasets that `map_func(element)` returns, one after the other."""
        return self.interleave(map_func, cycle_length=1)

    def interleave(
        self, map_func, cycle_length=None, block_length=1, num_parallel_calls=None, deterministic=None
    ):
        """Return the pipeline that takes `block_length` elements in turn from each of `cycle_length` (16) Datasets that
        `map_func(element)` returns. With `num_parallel_calls` a thread for each makes its elements ahead.
        """
        cycle_length = 16 if cycle_length in (None, AUTOTUNE) else cycle_length
        _positive("cycle_length", cycle_length)
        _positive("block_length", block_length)
        _check_flag("deterministic", deterministic)

        def open_pass(element):
            dataset = call(map_func, element)
            if not isinstance(dataset, Dataset):
                raise TypeError(f"`map_func` must return a `Dataset` object. Got {type(dataset)}.")
            ahead = dataset if num_parallel_calls is None else dataset.prefetch(block_length)
            return ahead._passes()

        return self._then(transforms.interleaved, cycle_length, block_length, open_pass)

    def reduce(self, initial_state, reduce_func):
        """Return the last of the states `state = reduce_func(state, element)`, from `initial_state` on."""
        state = as_element(initial_state)
        with contextlib.closing(self._passes()) as elements:
            for element in elements:
                state = as_element(_listed(reduce_func(state, element)))
        return state


def _one(value):
    return map_parts(lambda part: part, as_element((value,)))[0]


def _listed(value):
    """A list that a function of the user returns is a tuple of parts."""
    return tuple(value) if isinstance(value, list) else value


def _as_datasets(window):
    """A list of elements as Datasets, one for each part of an element."""
    return map_parts(lambda *parts: Dataset(lambda: (each for each in parts), len(parts)), *window)


def _batches(count, size, drop_remainder):
    if count < 0:
        return count
    return count // size if drop_remainder else -(-count // size)


def _drawn(seed):
    return int(np.random.randint(2**31 - 1)) if seed is None else int(seed)


def _positive(name, value):
    if value < 1:
        raise ValueError(f"{name} must be greater than zero, got {value}.")


def _check_flag(name, value):
    if value not in (None, True, False):
        raise ValueError(f"{name} must be True, False or None, got {value!r}.")
