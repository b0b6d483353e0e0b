"""Loads tools/api.py, which knows the public surface."""

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools" / "api.py"


@pytest.fixture(scope="session")
def api():
    spec = importlib.util.spec_from_file_location("kx_api_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
