"""The examples in the docstrings of primitives, which doctest does not find by itself: a primitive is no function."""

import doctest
import sys

import pytest

from kx_tensor import ops
from kx_tensor.primitive import PRIMITIVES

assert ops  # importing the op families fills PRIMITIVES


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=lambda p: p.name)
def test_examples(primitive):
    module = sys.modules[primitive.__module__]
    for test in doctest.DocTestFinder().find(primitive.forward, primitive.name, module, vars(module)):
        failed, _ = doctest.DocTestRunner().run(test)
        assert failed == 0
