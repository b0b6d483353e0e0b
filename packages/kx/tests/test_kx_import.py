"""Importing kx is cheap and leaves no trace: run in fresh interpreters."""

import json
import subprocess
import sys

import pytest

SLOW_OR_OPTIONAL = {
    "IPython",
    "PIL",
    "attr",
    "cupy",
    "h5py",
    "jax",
    "keras",
    "matplotlib",
    "optree",
    "pandas",
}
SLOW_OR_OPTIONAL |= {"multiprocessing", "rich", "tensorflow", "torch", "yaml"}
SLOW_OR_OPTIONAL |= {"email", "http", "onnx", "polars", "pydot", "safetensors", "tensorboard"}

IMPORTS = {
    "import": "import kx",
    "first use": "import kx; kx.layers; kx.Sequential; kx.datasets",
    "every namespace": "import kx; [getattr(kx, name) for name in dir(kx)]",
    "a model": (
        "import kx, numpy as np; m = kx.Sequential([kx.Input((2,)), kx.layers.Dense(1)]); m.compile('adam', 'mse');"
        " m.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0); m.predict(np.ones((4, 2)), verbose=0)"
    ),
}

WATCH = """
import json, os, sys
seen, environment = [], dict(os.environ)
def watch(event, args):
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event.startswith(("socket.", "subprocess.", "os.mkdir", "os.rename", "os.remove", "urllib.")):
        seen.append([event, str(args[:1])])
sys.addaudithook(watch)
before = set(sys.modules)
{code}
modules = sorted(set(sys.modules) - before)
print(json.dumps(dict(seen=seen, modules=modules, environment=dict(os.environ) == environment)))
"""


def run(code):
    """What `code` did in a fresh interpreter that writes no bytecode."""
    command = [sys.executable, "-B", "-c", WATCH.replace("{code}", code)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("code", IMPORTS.values(), ids=IMPORTS)
def test_it_writes_no_file_and_opens_no_socket(code):
    done = run(code)
    assert done["seen"] == []
    assert done["environment"]


@pytest.mark.parametrize("code", IMPORTS.values(), ids=IMPORTS)
def test_it_loads_nothing_slow(code):
    loaded = {name.split(".")[0] for name in run(code)["modules"]}
    assert "kx" in loaded
    assert not loaded & SLOW_OR_OPTIONAL


def test_import_alone_loads_nothing_but_kx():
    outside = {name.split(".")[0] for name in run("import kx")["modules"]} - sys.stdlib_module_names
    assert outside == {"kx"}


def test_saving_knows_every_class_in_a_fresh_process():
    code = "from kx.saving import deserialize_keras_object as make; make({config})"
    config = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"units": 2},
        "registered_name": None,
    }
    assert "kx_layers.dense" in run(code.format(config=config))["modules"]


@pytest.mark.parametrize(
    "code", ["open('x', 'w')", "import socket; socket.socket()", "import os; os.environ['X'] = 'y'"]
)
def test_traces_are_seen(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(code)
    assert done["seen"] or not done["environment"]
