"""Golden cases recorded from Keras by `tools/record/`: a test with a `case` argument runs once for each."""

import json
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "golden"


def read_cases(name):
    """The cases of one file, arrays in place of their {"$": [stored dtype, offset, shape, dtype]} marks."""
    with np.load(FOLDER / f"{name}.npz") as store:
        pools = {key: store[key] for key in store.files}

    def fill(value):
        if isinstance(value, dict):
            if "$" in value:
                stored, offset, shape, dtype = value["$"]
                size = int(np.prod(shape, dtype=int))
                array = pools[stored][offset : offset + size].reshape(shape)
                return array if dtype == stored else Narrow(array, dtype)
            return {key: fill(item) for key, item in value.items()}
        return [fill(item) for item in value] if isinstance(value, list) else value

    return [fill(json.loads(line)) for line in str(pools["cases"]).splitlines()]


class Narrow:
    """An array recorded in a dtype that NumPy lacks (bfloat16), kept as float32."""

    def __init__(self, array, dtype):
        self.array, self.dtype = array, dtype


def label(case):
    """A readable test id: the object, its arguments and the shapes of its inputs."""
    parts = [str(case.get("loss") or case.get("metric") or case.get("resolve") or "resolve_loss")]
    for key in ("params", "config"):
        parts += [f"{k}={v}" for k, v in (case.get(key) or {}).items()]
    return "-".join(parts)


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        select = metafunc.function.select
        cases = [c for name in metafunc.module.GOLDEN for c in read_cases(name) if select(c)]
        assert cases, f"no golden case for {metafunc.function.__name__}"
        metafunc.parametrize("case", cases, ids=label)
