"""Nested structures of tuples, lists and dicts (Keras's `keras.tree`), by optree, imported when first used."""

import functools


@functools.cache
def _optree():
    import optree

    return optree


_NAMESPACE = "kx"


def is_nested(structure):
    """Tell whether `structure` is a container (tuple, list, dict, named tuple) rather than a leaf.

    >>> is_nested([1]), is_nested(1)
    (True, False)
    """
    if isinstance(structure, (tuple, list, dict)):
        return True
    return not _optree().tree_is_leaf(structure, none_is_leaf=True, namespace=_NAMESPACE)


def flatten(structure):
    """Return the leaves in a list; dicts by sorted key, None is a leaf.

    >>> flatten({"b": [1, 2], "a": None})
    [None, 1, 2]
    """
    if not isinstance(structure, (tuple, list, dict)):
        return [structure]
    if structure.__class__ in (tuple, list) and not any(
        isinstance(s, (tuple, list, dict)) for s in structure
    ):
        return list(structure)
    return _optree().tree_leaves(structure, none_is_leaf=True, namespace=_NAMESPACE)


def flatten_with_path(structure):
    """Return [(path, leaf), ...] with the keys and indices that lead to each leaf.

    >>> flatten_with_path({"a": [5]})
    [(('a', 0), 5)]
    """
    paths, leaves, _ = _optree().tree_flatten_with_path(structure, none_is_leaf=True, namespace=_NAMESPACE)
    return list(zip(paths, leaves))


def map_structure(func, *structures, none_is_leaf=True):
    """Apply `func` to the leaves of structures of one shape and return that structure of the results.

    >>> map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)])
    [11, (22,)]
    """
    if not structures:
        raise ValueError("map_structure needs at least one structure.")
    if not any(isinstance(s, (tuple, list, dict)) for s in structures):
        return func(*structures)
    return _optree().tree_map(func, *structures, none_is_leaf=none_is_leaf, namespace=_NAMESPACE)


def map_structure_up_to(shallow_structure, func, *structures):
    """Apply `func` to the parts of `structures` that stand where `shallow_structure` has leaves."""
    tree = _optree()
    spec = tree.tree_structure(shallow_structure, none_is_leaf=True, namespace=_NAMESPACE)
    parts = [spec.flatten_up_to(s) for s in structures]
    return tree.tree_unflatten(spec, [func(*p) for p in zip(*parts)])


def map_shape_structure(func, structure):
    """Apply `func` to every shape (a tuple or list of ints and None) in a structure.

    >>> map_shape_structure(len, {"a": (None, 3), "b": [(1,), (2, 3)]})
    {'a': 2, 'b': [1, 2]}
    """
    if is_shape(structure):
        return func(tuple(structure))
    if isinstance(structure, dict):
        return {k: map_shape_structure(func, v) for k, v in structure.items()}
    if isinstance(structure, (tuple, list)):
        return type(structure)(map_shape_structure(func, s) for s in structure)
    raise ValueError(f"Expected a shape or a nested structure of shapes, got {structure!r}.")


def is_shape(value):
    """Tell whether `value` is a tuple or list of sizes and None."""
    return isinstance(value, (tuple, list)) and all(n is None or isinstance(n, int) for n in value)


def pack_sequence_as(structure, flat_sequence):
    """Return `flat_sequence` in the structure of `structure`.

    >>> pack_sequence_as({"b": [0, 0], "a": 0}, [1, 2, 3])
    {'b': [2, 3], 'a': 1}
    """
    if not isinstance(structure, (tuple, list, dict)):
        return flat_sequence[0]
    tree = _optree()
    leaves, spec = tree.tree_flatten(structure, none_is_leaf=True, namespace=_NAMESPACE)
    if len(leaves) != len(flat_sequence):
        raise ValueError(f"The structure has {len(leaves)} leaves, the sequence {len(flat_sequence)} items.")
    return tree.tree_unflatten(spec, flat_sequence)


def assert_same_structure(a, b):
    """Raise ValueError unless both have the same structure."""
    tree = _optree()
    one, two = (tree.tree_structure(s, none_is_leaf=True, namespace=_NAMESPACE) for s in (a, b))
    if one != two:
        raise ValueError(f"The structures differ: {one} and {two}.")


def assert_same_paths(a, b):
    """Raise ValueError unless both have leaves at the same paths."""
    one, two = ({path for path, _ in flatten_with_path(s)} for s in (a, b))
    if one != two:
        raise ValueError(
            f"The structures have different paths; only in one of them: {sorted(one ^ two, key=str)}."
        )


def lists_to_tuples(structure):
    """Return the structure with every list made a tuple.

    >>> lists_to_tuples([1, [2]])
    (1, (2,))
    """
    if isinstance(structure, (list, tuple)):
        return tuple(lists_to_tuples(s) for s in structure)
    if isinstance(structure, dict):
        return {k: lists_to_tuples(v) for k, v in structure.items()}
    return structure


def traverse(func, structure, top_down=True):
    """Rebuild a structure with `func` applied to it and all its parts; None from `func` means: go on inside."""
    if top_down:
        replaced = func(structure)
        if replaced is not None:
            return replaced
    if isinstance(structure, dict):
        structure = {k: traverse(func, v, top_down) for k, v in structure.items()}
    elif isinstance(structure, (list, tuple)):
        structure = type(structure)(traverse(func, s, top_down) for s in structure)
    if not top_down:
        replaced = func(structure)
        return structure if replaced is None else replaced
    return structure
