"""Small pipelines written for tf.data, whose elements, lengths and specs were recorded from it."""

import itertools

import numpy as np


def rising(*lengths):
    """A generator function of lists [1], [1, 2], ... of these lengths."""
    return lambda: iter([list(range(1, n + 1)) for n in lengths])


def ragged(d, spec):
    return d.from_generator(rising(1, 2, 3), output_signature=spec([None], "int32"))


CASES = {
    "range": lambda d, spec: d.range(5),
    "range from": lambda d, spec: d.range(5, 1, -2),
    "slices": lambda d, spec: d.from_tensor_slices(({"a": np.arange(4.0), "b": [1, 2, 3, 4]}, np.ones((4, 2), "float32"))),
    "tensors": lambda d, spec: d.from_tensors(([1, 2], {"a": 3.0})),
    "generator": lambda d, spec: d.from_generator(lambda n: iter(range(n)), args=(3,), output_signature=spec([], "int64")),
    "generator types": lambda d, spec: d.from_generator(lambda: iter([(1, [2.0])]), ("int32", "float32"), ([], [1])),
    "map": lambda d, spec: d.from_tensor_slices(([1, 2], [3, 4])).map(lambda x, y: {"sum": x + y}),
    "map list": lambda d, spec: d.range(2).map(lambda x: [x, x + 1]),
    "map constants": lambda d, spec: d.range(2).map(lambda x: (x, 1.5, 7)),
    "map ahead": lambda d, spec: d.range(20).map(lambda x: x * 2, num_parallel_calls=3),
    "batch": lambda d, spec: d.range(5).batch(2),
    "batch drop": lambda d, spec: d.range(5).batch(2, drop_remainder=True),
    "batch ahead": lambda d, spec: d.range(5).batch(2, num_parallel_calls=2),
    "batch twice": lambda d, spec: d.range(7).batch(2, True).batch(2),
    "padded": lambda d, spec: ragged(d, spec).padded_batch(2),
    "padded to": lambda d, spec: ragged(d, spec).padded_batch(2, padded_shapes=[4], padding_values=-1, drop_remainder=True),
    "padded parts": lambda d, spec: d.zip((ragged(d, spec), d.range(3))).padded_batch(2, padded_shapes=([None], [])),
    "unbatch": lambda d, spec: d.from_tensor_slices(np.arange(6).reshape(2, 3)).unbatch(),
    "rebatch": lambda d, spec: d.range(7).batch(3).unbatch().batch(2),
    "shuffle one": lambda d, spec: d.range(5).shuffle(1),
    "repeat": lambda d, spec: d.range(2).repeat(2),
    "repeat none": lambda d, spec: d.range(2).repeat(0),
    "repeat ever": lambda d, spec: d.range(3).repeat(),
    "repeat minus": lambda d, spec: d.range(3).repeat(-1),
    "take": lambda d, spec: d.range(5).take(2),
    "take more": lambda d, spec: d.range(5).take(9),
    "take all": lambda d, spec: d.range(5).take(-1),
    "take of endless": lambda d, spec: d.range(2).repeat().take(3),
    "take of unknown": lambda d, spec: d.range(9).filter(lambda x: x > 5).take(2),
    "skip": lambda d, spec: d.range(5).skip(3),
    "skip more": lambda d, spec: d.range(5).skip(9),
    "skip all": lambda d, spec: d.range(5).skip(-1),
    "skip of endless": lambda d, spec: d.range(2).repeat().skip(3),
    "cache": lambda d, spec: d.range(3).cache().repeat(2),
    "prefetch": lambda d, spec: d.range(50).prefetch(4).batch(20),
    "prefetch auto": lambda d, spec: d.range(5).prefetch(-1),
    "zip": lambda d, spec: d.zip((d.range(3), d.range(5, 9))),
    "zip arguments": lambda d, spec: d.zip(d.range(3), d.range(5, 9)),
    "zip dict": lambda d, spec: d.zip({"a": d.range(2), "b": (d.range(3), d.range(4))}),
    "zip endless": lambda d, spec: d.zip((d.range(3).repeat(), d.range(4).repeat())),
    "zip unknown": lambda d, spec: d.zip((d.range(3), d.range(4).filter(lambda x: x > 1))),
    "concatenate": lambda d, spec: d.range(2).concatenate(d.range(7, 9)),
    "concatenate endless": lambda d, spec: d.range(2).concatenate(d.range(7, 9).repeat()),
    "concatenate unknown": lambda d, spec: d.range(2).concatenate(d.range(9).filter(lambda x: x > 5)),
    "filter": lambda d, spec: d.from_tensor_slices(([1, 2, 3], [4, 5, 6])).filter(lambda a, b: a > 1),
    "take while": lambda d, spec: d.range(9).take_while(lambda x: x < 3),
    "flat map": lambda d, spec: d.range(4).flat_map(lambda x: d.range(x)),
    "flat map of windows": lambda d, spec: d.range(5).window(3, 1, 1, True).flat_map(lambda w: w.batch(3)),
    "enumerate": lambda d, spec: d.from_tensor_slices([7, 8]).enumerate(5),
    "shard": lambda d, spec: d.range(7).shard(3, 1),
    "shard of endless": lambda d, spec: d.range(4).repeat().shard(2, 0),
    "apply": lambda d, spec: d.range(5).apply(lambda e: e.take(2)),
    **{
        f"window {size} {shift} {stride} {drop}": lambda d, spec, a=(size, shift, stride, drop): d.range(7).window(*a)
        for size, shift, stride, drop in itertools.product((2, 3), (None, 1, 5), (1, 2), (False, True))
    },
    "window of parts": lambda d, spec: d.from_tensor_slices((np.arange(4), {"a": np.arange(4) * 2})).window(2),
    **{
        f"interleave {cycle} {block}": lambda d, spec, a=(cycle, block): d.range(1, 6).interleave(
            lambda x: d.from_tensors(x).repeat(x + 1), cycle_length=a[0], block_length=a[1]
        )
        for cycle, block in itertools.product((1, 2, 3, 9), (1, 2, 5))
    },
    "interleave ahead": lambda d, spec: d.range(4).interleave(
        lambda x: d.range(x * 10, x * 10 + 3), cycle_length=2, num_parallel_calls=2
    ),
}  # fmt: skip


def outcome(make, dataset, spec):
    """Up to 12 elements of a pipeline, the number of them, and their spec, in a form that JSON can hold."""
    pipeline = make(dataset, spec)
    elements = itertools.islice(pipeline, 12)
    try:
        described = _described(pipeline.element_spec)
    except ValueError:  # an empty pipeline, the first element of which is to tell
        described = None
    return {
        "elements": [_plain(each) for each in elements],
        "cardinality": int(pipeline.cardinality()),
        "spec": described,
    }


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in sorted(value.items())}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "as_numpy_iterator"):
        return ["window", *map(_plain, value)]
    array = np.asarray(value)
    return [array.dtype.name, array.tolist()]


def _described(spec):
    if isinstance(spec, dict):
        return {key: _described(part) for key, part in sorted(spec.items())}
    if isinstance(spec, tuple):
        return [_described(part) for part in spec]
    if not hasattr(spec, "dtype"):  # tf.data's spec of a window
        return _described(spec.element_spec)
    shape = None if spec.shape is None or getattr(spec.shape, "rank", 0) is None else list(spec.shape)
    return [shape, getattr(spec.dtype, "name", spec.dtype)]
