"""What Keras writes is read and written again unchanged, with stand-in classes of Keras's names."""

import json

import pytest

from kx_io import Fields, deserialize_keras_object, field, names, serialize_keras_object, shared_objects


@pytest.fixture
def stand_ins(empty_registry, golden):
    """Register a class for every class name in the recorded configs, with the arguments the configs hold."""
    arguments: dict = {}
    for part in walk(golden):
        if part.get("module", "") not in ("", None, "builtins") and isinstance(part.get("config"), dict):
            arguments.setdefault((part["module"], part["class_name"]), set()).update(part["config"])
    for (module, name), keys in sorted(arguments.items()):
        # an argument that this config lacks stays out of the config written again
        members = {key: field(None) for key in sorted(keys)}
        cls = type(name, (StandIn,), members)
        cls.__qualname__ = f"{module}.{name}"
        names.add(module.rpartition(".")[2], cls, name, (), module)


class StandIn(Fields):
    def get_config(self):
        return {key: serialize_keras_object(getattr(self, key)) for key in self.given}

    @classmethod
    def from_config(cls, config):
        obj = super().from_config(config)
        obj.given = list(config)
        return obj

    def build_from_config(self, config):
        self.build_config = config

    def compile_from_config(self, config):
        self.compile_config = config

    def get_build_config(self):
        return getattr(self, "build_config", None)

    def get_compile_config(self):
        return getattr(self, "compile_config", None)


def walk(value):
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def again(config):
    return json.loads(json.dumps(serialize_keras_object(deserialize_keras_object(config))))


@pytest.mark.parametrize(
    "kind",
    ["constraints", "initializers", "layers", "losses", "metrics", "optimizers", "regularizers", "schedules"],
)
def test_objects_of_keras(stand_ins, golden, kind):
    rows = golden["objects"][kind]
    assert len(rows) >= 7
    for row in rows:
        assert again(row["serialized"]) == row["serialized"], row["class"]


def test_shared_objects_of_keras(stand_ins, golden):
    config = dict(golden["values"])["shared L2 twice"]
    with shared_objects():
        first, second = deserialize_keras_object(config)
        assert first is second
        assert json.loads(json.dumps(serialize_keras_object([first, second]))) == config


def test_values_of_keras(stand_ins, golden):
    recorded = dict(golden["values"])
    assert again(recorded["Dense built"]) == recorded["Dense built"]
    for name in (
        "DTypePolicy mixed_float16",
        "SeedGenerator(3)",
        "InputSpec(ndim=2)",
        "slice(1, 3)",
        "bytes abc",
    ):
        assert again(recorded[name]) == recorded[name], name


def test_compiled_model_of_keras(stand_ins, golden):
    config = golden["models"]["compiled"]
    assert config["compile_config"]["loss"]["class_name"] == "Huber"
    read = deserialize_keras_object(config)
    assert [type(layer).__name__ for layer in read.layers] == ["InputLayer", "Dense"]
    assert read.compile_config == config["compile_config"]
