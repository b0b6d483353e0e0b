"""Fixtures: a registry of the test's own, and what Keras wrote for its objects."""

import json
from pathlib import Path

import pytest

from kx_io import names, registry, scopes


@pytest.fixture
def empty_registry(monkeypatch):
    """Start from no registered objects, and put back what was there."""
    monkeypatch.setattr(names, "_kinds", {})
    monkeypatch.setattr(names, "_homes", {})
    monkeypatch.setattr(names, "_classes", {})
    monkeypatch.setitem(registry.__globals__, "_registries", {})
    monkeypatch.setattr(scopes, "_registered", {})
    monkeypatch.setattr(scopes, "_names", {})


@pytest.fixture(scope="session")
def golden():
    return json.loads((Path(__file__).parent / "golden" / "configs.json").read_text(encoding="utf-8"))
