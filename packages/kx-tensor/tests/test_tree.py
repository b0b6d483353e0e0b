"""Nested structures: flatten, map, pack, paths, shapes."""

from collections import OrderedDict, namedtuple

import pytest

from kx_tensor import tree

Point = namedtuple("Point", ["x", "y"])
NESTED = {"b": [1, (2, None)], "a": Point(3, 4)}


def test_flatten_sorts_keys_and_keeps_none():
    assert tree.flatten(NESTED) == [3, 4, 1, 2, None]
    assert tree.flatten(5) == [5]
    assert tree.flatten([1, 2]) == [1, 2]
    assert tree.flatten([]) == []


def test_pack_is_the_inverse_of_flatten():
    assert tree.pack_sequence_as(NESTED, tree.flatten(NESTED)) == NESTED
    assert tree.pack_sequence_as("leaf", [7]) == 7
    with pytest.raises(ValueError, match="5 leaves, the sequence 2 items"):
        tree.pack_sequence_as(NESTED, [1, 2])


def test_map_structure_keeps_types():
    result = tree.map_structure(lambda v: v if v is None else v * 10, NESTED)
    assert result == {"b": [10, (20, None)], "a": Point(30, 40)}
    assert isinstance(result["a"], Point)
    assert tree.map_structure(lambda a, b: a - b, (5, [6]), (1, [2])) == (4, [4])
    assert tree.map_structure(len, "abc") == 3
    with pytest.raises(ValueError, match="at least one"):
        tree.map_structure(len)
    with pytest.raises(ValueError):
        tree.map_structure(lambda a, b: a, [1, 2], [1])


def test_map_structure_up_to():
    assert tree.map_structure_up_to(
        {"a": 0, "b": 0}, lambda p, q: (p, q), {"a": [1, 2], "b": 3}, {"a": 4, "b": 5}
    ) == {"a": ([1, 2], 4), "b": (3, 5)}


def test_paths():
    assert tree.flatten_with_path({"a": [5, {"k": 6}]}) == [(("a", 0), 5), (("a", 1, "k"), 6)]


def test_same_structure_and_paths():
    tree.assert_same_structure([1, {"a": 2}], [3, {"a": None}])
    with pytest.raises(ValueError, match="structures differ"):
        tree.assert_same_structure([1], (1,))
    tree.assert_same_paths([1, (2,)], (3, [4]))
    with pytest.raises(ValueError, match=r"only in one of them: \[\(1,\)\]"):
        tree.assert_same_paths([1, 2], [1])


def test_is_nested():
    assert [tree.is_nested(v) for v in ([], (1,), {}, Point(1, 2), OrderedDict(a=1), 3, "s", None)] == [
        True
    ] * 5 + [False] * 3


def test_shapes_are_leaves_of_their_own():
    assert tree.map_shape_structure(lambda s: s, {"a": [None, 3], "b": [(1,), ()]}) == {
        "a": (None, 3),
        "b": [(1,), ()],
    }
    assert (tree.is_shape((None, 2)), tree.is_shape([(1,)]), tree.is_shape(3)) == (True, False, False)
    with pytest.raises(ValueError, match="Expected a shape"):
        tree.map_shape_structure(len, "no")


def test_lists_to_tuples():
    assert tree.lists_to_tuples({"a": [1, [2, (3,)]]}) == {"a": (1, (2, (3,)))}


def test_traverse():
    assert tree.traverse(lambda v: v * 2 if isinstance(v, int) else None, [1, {"a": (2,)}]) == [
        2,
        {"a": (4,)},
    ]
    assert tree.traverse(lambda v: "list" if isinstance(v, list) else None, (1, [2])) == (1, "list")
    assert (
        tree.traverse(lambda v: len(v) if isinstance(v, list) else None, [[1, 2], [3]], top_down=False) == 2
    )
