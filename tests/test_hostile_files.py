"""Files made to do harm are refused: one of each kind that has been used against loaders of models.

Where an attack would run code, the code would write a file `owned`, which is looked for; memory is watched. Archives of
data sets (traversal, links, bombs in tar and zip) are attacked in the tests of kx-datasets, links and sizes of single
arrays in those of kx-io.
"""

import base64
import io
import json
import marshal
import os
import pickle
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest

import fuzz_files
import kx
from kx_io.errors import FileFormatError

L = kx.layers
REFUSED = (FileFormatError, TypeError, ValueError)
MUCH = 200 << 20  # bytes


def model():
    return kx.Sequential([kx.Input((3,)), L.Dense(2, name="out")], name="small")


@pytest.fixture
def owned(tmp_path, monkeypatch):
    """The folder that the test works in, and in which no `owned` may appear."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not (tmp_path / "owned").exists(), "the file ran code"


def assert_refused(action, match=None):
    """The action raises an error that says what is wrong, and takes little memory until then."""
    tracemalloc.start()
    try:
        with pytest.raises(REFUSED, match=match):
            action()
        assert tracemalloc.get_traced_memory()[1] < MUCH
    finally:
        tracemalloc.stop()


# ---- code and names in a config ----------------------------------------------------------------------------------

RUN = "open('owned', 'w').write('!')"
CODE = base64.b64encode(marshal.dumps(compile(f"lambda x: {RUN}", "x", "eval"))).decode()


def layer(class_name, config, module="keras.layers", **more):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None, **more}


def function(name, module="builtins"):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def lambda_of(value, **more):
    return layer("Lambda", {"name": "l", "function": value, "arguments": {}, **more})


UNSAFE = function("enable_unsafe_deserialization", "keras.config")
CONFIGS = {
    # CVE-2024-3660: the code of a lambda, as Keras 3 and as Keras 1 and 2 wrote it
    "lambda code": lambda_of(
        {"class_name": "__lambda__", "config": {"code": CODE, "defaults": None, "closure": None}}
    ),
    "old lambda code": lambda_of([CODE, None, None], function_type="lambda"),
    "lambda as output shape": lambda_of(
        function("relu"), output_shape=[CODE, None, None], output_shape_type="lambda"
    ),
    # CVE-2025-1550: any module, any function, any arguments
    "module": layer("system", {"command": "touch owned"}, "os"),
    "module as function": layer("Dense", {"units": 2, "activation": function("system", "os")}),
    "builtin": layer("eval", {"source": RUN}, "builtins"),
    "class with a path": layer("kx_io.config.read", {}, "kx_io.config"),
    # CVE-2025-8747: functions of the library itself as tools
    "own function": lambda_of(
        function("get_file", "keras.utils"), arguments={"origin": "http://127.0.0.1:9/owned"}
    ),
    "own class": layer("CallbackList", {}, "keras.callbacks"),
    # CVE-2025-9906: first allow code, then run it
    "unsafe switch": layer("Dense", {"units": 2, "activation": UNSAFE, "kernel_initializer": CODE}),
    "unsafe switch as module": layer("enable_unsafe_deserialization", {}, "keras.config"),
    # CVE-2025-49655, CVE-2026-1462: layers that unpickle, or that load other programs' files
    "torch module": layer("TorchModuleWrapper", {"module": base64.b64encode(pickle.dumps(print)).decode()}),
    "saved model": layer("TFSMLayer", {"filepath": "/", "call_endpoint": "serve"}),
    # CVE-2025-12058: vocabularies that are paths or addresses
    "vocabulary path": layer("StringLookup", {"vocabulary": "/etc/passwd"}),
    "vocabulary address": layer("StringLookup", {"vocabulary": "http://127.0.0.1:9/words.txt"}),
    "text vocabulary": layer("TextVectorization", {"vocabulary": "/etc/passwd"}),
    "integer vocabulary": layer("IntegerLookup", {"vocabulary": "/etc/passwd"}),
    # far more memory than the file is large
    "units": layer("Dense", {"units": 2**40}),
    "vocabulary size": layer("Embedding", {"input_dim": 2**31, "output_dim": 2**31}),
}


def sequential(config):
    inputs = layer("InputLayer", {"batch_shape": [None, 3], "dtype": "float32", "name": "i"})
    return layer("Sequential", {"name": "s", "layers": [inputs, config]}, "keras")


def archive_of(config, path):
    file = io.BytesIO()
    model().save(file)
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            text = json.dumps(sequential(config)).encode() if name == "config.json" else source.read(name)
            target.writestr(name, text)
    return path


def hdf5_of(config, path):
    model().save(path)
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(sequential(config))
    return path


@pytest.mark.parametrize("safe_mode", [True, False, None])
@pytest.mark.parametrize("name", CONFIGS)
def test_configs_in_whole_files(owned, name, safe_mode):
    for path in (archive_of(CONFIGS[name], "m.keras"), hdf5_of(CONFIGS[name], "m.h5")):
        assert_refused(lambda path=path: kx.models.load_model(path, safe_mode=safe_mode))


@pytest.mark.parametrize("name", CONFIGS)
def test_configs_alone(owned, name):
    text = json.dumps(sequential(CONFIGS[name]))
    assert_refused(lambda: kx.models.model_from_json(text))
    assert_refused(lambda: kx.models.model_from_yaml(text))  # JSON is YAML too


@pytest.mark.parametrize("name", [name for name in CONFIGS if "lambda" in name])
def test_lambdas_by_every_door(owned, name):
    """CVE-2026-12481: the doors that forgot to pass the flag on."""
    assert_refused(lambda: L.deserialize(CONFIGS[name]))
    assert_refused(lambda: kx.saving.deserialize_keras_object(CONFIGS[name], safe_mode=False))
    assert_refused(lambda: kx.layers.Lambda.from_config(CONFIGS[name]["config"]))


def test_a_switch_for_unsafe_files_does_not_exist():
    names = [name for name in dir(kx.config) if "unsafe" in name]
    for name in names:
        with pytest.raises((NotImplementedError, ValueError, RuntimeError)):
            getattr(kx.config, name)()


# ---- files that are something else -------------------------------------------------------------------------------


class Payload:
    def __reduce__(self):
        return os.system, ("touch owned",)


def test_pickles_are_named_for_what_they_are(owned):
    (owned / "model.h5").write_bytes(pickle.dumps(Payload()))
    assert_refused(lambda: kx.models.load_model("model.h5"), "pickle")
    assert_refused(lambda: model().load_weights("model.h5"), "pickle")


def test_yaml_that_constructs_objects(owned):
    for text in (
        "!!python/object/apply:os.system ['touch owned']",
        "class_name: Sequential\nconfig: !!python/object/new:os.system ['touch owned']",
        "class_name: !!python/name:os.system ''\nconfig: {}",
    ):
        assert_refused(lambda text=text: kx.models.model_from_yaml(text))


def test_yaml_of_a_billion_laughs(owned):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert_refused(
        lambda: kx.models.model_from_yaml("\n".join([*lines, "class_name: Sequential", "config: *a11"]))
    )


def test_json_of_great_depth(owned):
    assert_refused(lambda: kx.models.model_from_json("[" * 10**6))
    assert_refused(lambda: kx.models.model_from_json('{"class_name":' * 10**5))


# ---- archives ----------------------------------------------------------------------------------------------------


def rezipped(path, change, compression=zipfile.ZIP_STORED):
    """A model's archive with what `change(archive)` adds."""
    model().save(path)
    with pytest.warns() if change is twice else zipfile.ZipFile(path, "a", compression) as archive:
        change(archive)
    return path


def twice(_):
    with zipfile.ZipFile("m.keras", "a") as archive:
        archive.writestr("config.json", "{}")


def linked(archive):
    info = zipfile.ZipInfo("assets/link")
    info.external_attr = 0o120777 << 16
    archive.writestr(info, "/etc/passwd")


ARCHIVES = {
    "traversal": lambda archive: archive.writestr("../owned", "!"),
    "traversal of assets": lambda archive: archive.writestr("assets/../../owned", "!"),
    "absolute": lambda archive: archive.writestr("/tmp/owned", "!"),
    "link": linked,
    "two configs": twice,
    "bomb": lambda archive: archive.writestr("assets/x", bytes(1 << 28), zipfile.ZIP_DEFLATED),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives(owned, name):
    path = rezipped("m.keras", ARCHIVES[name])
    assert_refused(lambda: kx.models.load_model(path))


# ---- HDF5 --------------------------------------------------------------------------------------------------------


def external_link(group):
    group["kernel_of_another"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(group):
    group["again"] = h5py.SoftLink("/")


def external_storage(group):
    with open("secret", "wb") as file:
        file.write(b"x" * 64)
    group.create_dataset("secret", (16,), "f4", external=[(os.path.abspath("secret"), 0, 64)])


def virtual(group):
    layout = h5py.VirtualLayout((16,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (16,))
    group.create_virtual_dataset("virtual", layout)


def shape_bomb(group):
    group.create_dataset("bomb", (2**40,), "f4", chunks=(1024,), compression="gzip")


def compression_bomb(group):
    group.create_dataset(
        "bomb", data=np.zeros(2**26, "f4"), chunks=(2**20,), compression="gzip", compression_opts=9
    )


def references(group):
    group.create_dataset("references", (1,), h5py.ref_dtype)


def cycle(group):
    group["round"] = group


HDF5 = [external_link, soft_link, external_storage, virtual, shape_bomb, compression_bomb, references, cycle]


@pytest.mark.parametrize("harm", HDF5)
@pytest.mark.parametrize("name", ["m.h5", "w.weights.h5", "old_weights.h5", "m.keras"])
def test_hdf5(owned, harm, name):
    """CVE-2026-0897, CVE-2026-1669: in every kind of file that holds HDF5, wherever in its tree."""
    if name == "m.keras":
        model().save_weights("inner.weights.h5")
        with h5py.File("inner.weights.h5", "r+") as file:
            harm(file["layers"])
        model().save("m.keras")
        with zipfile.ZipFile("m.keras") as source:
            members = {n: source.read(n) for n in source.namelist()}
        with zipfile.ZipFile("m.keras", "w") as target, open("inner.weights.h5", "rb") as inner:
            for member, content in {**members, "model.weights.h5": inner.read()}.items():
                target.writestr(member, content)
    else:
        model().save(name) if name == "m.h5" else model().save_weights(name)
        with h5py.File(name, "r+") as file:
            harm(file[next(key for key in file if key in ("layers", "model_weights", "out"))])
    if name in ("m.h5", "m.keras"):
        assert_refused(lambda: kx.models.load_model(name))
    assert_refused(lambda: model().load_weights(name))


# ---- files changed at random -------------------------------------------------------------------------------------


def test_changed_files(tmp_path):
    """Some of what tools/fuzz_files.py does ten thousand times."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    fuzz_files.write_corpus(folder)
    outcomes, findings, longest = fuzz_files.fuzz(folder, 250, "test")
    assert not findings
    assert outcomes.total() == 250 and longest < fuzz_files.SECONDS


# ---- writing -----------------------------------------------------------------------------------------------------


@kx.saving.register_keras_serializable("hostile")
class WithAssets(L.Layer):
    def call(self, x):
        return x

    def save_assets(self, folder):
        with open(os.path.join(folder, "words.txt"), "w") as file:
            file.write("a b c")

    def load_assets(self, folder):
        with open(os.path.join(folder, "words.txt")) as file:
            self.words = file.read()


@pytest.mark.parametrize("name", ["..", ".", "con", "a\\..\\b", "x" * 200])
def test_names_of_layers_stay_inside_of_what_is_written(owned, name):
    """CVE-2026-12479."""
    (owned / "inside").mkdir()
    saved = kx.Sequential([kx.Input((3,)), WithAssets(name=name)])
    saved.save("inside/m.keras")
    saved.save("inside/folder", zipped=False)
    assert sorted(os.listdir("inside")) == ["folder", "m.keras"] and os.listdir(".") == ["inside"]
    assert kx.models.load_model("inside/m.keras").layers[0].words == "a b c"


def test_names_in_configs_become_harmless():
    """Keras 2 wrote names with slashes, so such a config is read; Keras 3 has none, and they are refused."""
    dense = {"units": 2, "name": "../../owned"}
    old = {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": dense}]}}
    assert "/" not in kx.models.model_from_json(json.dumps(old)).layers[0].name
    with pytest.raises(ValueError, match="without '/'"):
        kx.models.model_from_json(json.dumps(sequential(layer("Dense", dense))))


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", ""])
def test_names_that_are_paths_are_no_names(name):
    with pytest.raises(ValueError, match="non-empty string without '/'"):
        L.Dense(2, name=name)
