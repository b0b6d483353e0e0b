"""Record what tf.data does with small pipelines: elements, numbers of elements, element specs.

Run with a Python that has TensorFlow; writes packages/kx-datasets/tests/golden/pipelines.json. The pipelines stand in
packages/kx-datasets/tests/pipeline_cases.py, which the test runs on kx's `Dataset`.
"""

import json
import sys
from pathlib import Path

import tensorflow as tf

TESTS = Path(__file__).parents[2] / "packages/kx-datasets/tests"
sys.path.insert(0, str(TESTS))
from pipeline_cases import CASES, outcome  # noqa: E402

found = {name: outcome(make, tf.data.Dataset, tf.TensorSpec) for name, make in CASES.items()}
path = TESTS / "golden" / "pipelines.json"
path.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in found.items()) + "\n}\n")
