"""`Stateful`: variables found through attributes and containers, in order, each once."""

import pytest

from kx_tensor import Variable, state
from kx_tensor.structure import structure


class Block(state.Stateful):
    def __init__(self, *values):
        self.own = [Variable(v) for v in values]


def names(variables):
    return [float(v) for v in variables]


def test_order_of_assignment_depth_first():
    outer = Block(1.0)
    outer.inner = Block(2.0, 3.0)
    outer.last = Variable(4.0)
    assert names(outer.variables) == [1.0, 4.0, 2.0, 3.0], "own variables first, then those of the parts"


def test_containers_are_looked_into_when_asked():
    block = Block()
    block.parts = {"a": [Variable(1.0)], "b": (Variable(2.0), {"c": Block(3.0)})}
    assert names(block.variables) == [1.0, 2.0, 3.0]
    block.parts["a"].append(Variable(9.0))
    structure.version += 1
    assert names(block.variables) == [1.0, 9.0, 2.0, 3.0]


def test_shared_and_repeated_objects_count_once():
    shared = Block(1.0)
    block = Block()
    block.first, block.second, block.both = shared, shared, [shared, shared.own[0]]
    assert names(block.variables) == [1.0]


def test_cycles_end():
    a, b = Block(1.0), Block(2.0)
    a.other, b.other = b, a
    assert names(a.variables) == [1.0, 2.0]


def test_replacing_and_deleting():
    block = Block(1.0)
    block.extra = Variable(2.0)
    block.extra = Variable(3.0)
    assert names(block.variables) == [1.0, 3.0]
    block.extra = None
    assert names(block.variables) == [1.0]
    block.again = Variable(4.0)
    del block.again
    assert names(block.variables) == [1.0]
    with pytest.raises(AttributeError):
        del block.never


def test_trainable_and_not():
    block = Block(1.0, 2.0)
    block.own[0].trainable = False
    assert names(block.trainable_variables) == [2.0]
    assert names(block.non_trainable_variables) == [1.0]


def test_untracked_attributes_are_not_state():
    block = Block(1.0)
    block.untracked("cache", Variable(5.0))
    assert float(block.cache) == 5.0
    assert names(block.variables) == [1.0]


def test_every_change_of_structure_is_counted():
    block = Block()
    before = structure.version
    block.v = Variable(1.0, trainable=False)
    after_assignment = structure.version
    del block.v
    after_deletion = structure.version
    block.number = 3
    assert before < after_assignment < after_deletion == structure.version


def test_sizes():
    variables = [Variable([[1.0, 2.0]]), Variable([True]), Variable(1.0, dtype="bfloat16")]
    assert (state.count_params(variables), state.size_in_bytes(variables)) == (4, 8 + 1 + 2)
