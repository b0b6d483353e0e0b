"""Do Keras and kx read each other's files? Writes files with kx, reads and writes them again with Keras, reads those.

    python tools/check_keras_reads.py write FOLDER        # where kx is installed
    KERAS_BACKEND=jax python tools/check_keras_reads.py check FOLDER      # where Keras 3.15.1 is installed
    python tools/check_keras_reads.py back FOLDER         # kx again

The models are of every layer of the table in packages/kx-layers/tests/test_layers_table.py, and of every expression of
tools/record/saved_ops.py; tools/round_trips.py has larger ones, and trains them.
"""

import pathlib
import sys
import traceback

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools/record"), str(ROOT / "packages/kx-layers/tests")]

import saved_models  # noqa: E402
import saved_ops  # noqa: E402


def write(folder):
    import kx

    _write_layers(kx, folder)
    values = saved_ops.data()
    for number, expression in enumerate(saved_ops.expressions()):
        tensors = {
            name: kx.Input(value.shape[1:], batch_size=2, dtype=saved_ops.INPUTS[name], name=name)
            for name, value in values.items()
        }
        outputs = eval(expression, {"ops": kx.ops, "abs": abs, **tensors})
        used = [name for name in tensors if name in saved_ops._names(expression)]
        model = kx.Model([tensors[name] for name in used], outputs, name="ops")
        inputs = [values[name] for name in used]
        model.save(folder / f"op_{number:03d}.keras")
        np.savez(
            folder / f"op_{number:03d}.npz",
            *saved_models.flat(model(inputs)),
            **dict(zip(used, inputs)),
            used=used,
        )


def _write_layers(kx, folder):
    from test_layers_table import ROWS

    for number, (name, arguments, shape) in enumerate(ROWS):
        kx.utils.set_random_seed(1)
        rng = np.random.default_rng(0)
        if shape == "ids":
            arrays = [rng.integers(0, 5, (2, 4)).astype("int32")]
        else:
            shapes = shape if isinstance(shape, list) else [shape]
            arrays = [rng.uniform(-1, 1, (2, *s)).astype("float32") for s in shapes]
        inputs = [kx.Input(a.shape[1:], dtype=str(a.dtype), name=f"in{i}") for i, a in enumerate(arrays)]
        layer = kx.layers.deserialize({"class_name": name, "config": {**arguments, "name": "layer"}})
        model = kx.Model(inputs, layer(inputs if isinstance(shape, list) else inputs[0]), name="layers")
        stem = folder / f"layer_{number:03d}_{name}"
        model.save(f"{stem}.keras")
        used = [f"in{i}" for i in range(len(arrays))]
        np.savez(f"{stem}.npz", *saved_models.flat(model(arrays)), **dict(zip(used, arrays)), used=used)


def check(library, folder, prefix="", write_again=False):
    """Read all files with `library`; compare predictions and losses; optionally write them again."""
    failed, count = [], 0
    for path in sorted(folder.glob("*.npz")):
        file = folder / f"{prefix}{path.stem}.keras"
        if not file.exists():
            continue
        kind, _, name = path.stem.partition("_")
        if kind == "layer" and not hasattr(library.layers, name.partition("_")[2]):
            continue  # of Keras 1 and 2
        expected = np.load(path)
        count += 1
        try:
            model = library.models.load_model(file)
            _compare(model, expected)
            if write_again:
                again = library.models.load_model(file)
                again.save(folder / f"back_{path.stem}.keras")
        except Exception as error:
            failed.append(path.stem)
            print(f"{path.stem}: {type(error).__name__}: {str(error)[:600]}")
            if "-v" in sys.argv:
                traceback.print_exc()
    print(f"{count} files, {len(failed)} failed: {failed}")
    return not failed


def _compare(model, expected):
    outputs = [expected[key] for key in expected.files if key.startswith("arr_")]
    loose = any(v.dtype == np.float16 for v in outputs)
    tolerance = {"rtol": 2e-2, "atol": 2e-2} if loose else {"rtol": 1e-4, "atol": 1e-5}
    inputs = [expected[key] for key in expected["used"]]
    found = saved_models.flat(model(inputs if len(inputs) > 1 else inputs[0]))
    if len(found) != len(outputs):
        raise AssertionError(f"{len(found)} outputs, expected {len(outputs)}")
    for mine, theirs in zip(found, outputs):
        np.testing.assert_allclose(mine, theirs, **tolerance)


if __name__ == "__main__":
    what, place = sys.argv[1], pathlib.Path(sys.argv[2])
    place.mkdir(parents=True, exist_ok=True)
    if what == "write":
        write(place)
    elif what == "check":
        import keras

        sys.exit(not check(keras, place, write_again=True))
    else:
        import kx

        sys.exit(not check(kx, place, prefix="back_"))
