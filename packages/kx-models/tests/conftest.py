"""Fixtures of the tests of kx-models."""

import sys

import pytest


@pytest.fixture
def python_calls():
    """Count the Python functions that a call enters."""

    def count(function):
        calls = []
        sys.setprofile(lambda frame, event, arg: calls.append(frame.f_code) if event == "call" else None)
        try:
            function()
        finally:
            sys.setprofile(None)
        return len(calls)

    return count
