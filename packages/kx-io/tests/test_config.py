"""Objects to configs and back: layout, safety, custom objects, shared objects, messages."""

import json
import subprocess
import sys

import numpy as np
import pytest

from kx_io import (
    CustomObjectScope,
    Fields,
    custom_object_scope,
    decoder,
    deserialize_keras_object,
    encoder,
    field,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register,
    register_keras_serializable,
    registry,
    serialize_keras_object,
    shared_objects,
    tagged,
)

pytestmark = pytest.mark.usefixtures("empty_registry")


class Part(Fields):
    size = field(1)


class Pair(Fields):
    left = field(None)
    right = field(None)


def custom(name, registered=None, module="somewhere", config=None):
    return {
        "module": module,
        "class_name": name,
        "config": config or {},
        "registered_name": registered or name,
    }


def function(name):
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


# ---- plain values


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2.5,
        "x",
        [1, (2, 3)],
        (1, [2]),
        {"a": {"b": 1}},
        {1: 2},
        b"abc",
        slice(1, None, 2),
        ...,
        [],
    ],
)
def test_plain_values_round_trip(value):
    again = deserialize_keras_object(serialize_keras_object(value))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="int16").reshape(2, 3),
        np.array(2.5, "float32"),
        np.array([[True, False]]),
        np.zeros(0, "float16"),
    ],
)
def test_arrays_round_trip_through_json(array):
    again = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(array))))
    np.testing.assert_array_equal(again, array, strict=True)
    assert again.dtype == array.dtype


def test_bfloat16_arrays_and_numpy_scalars():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([1.5, 2], ml_dtypes.bfloat16)
    again = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(array))))
    assert again.dtype == array.dtype
    assert again.tolist() == [1.5, 2]
    scalars = [np.float64(0.5), np.int8(3), np.bool_(True), np.dtype("int32")]
    assert json.dumps(serialize_keras_object(scalars)) == '[0.5, 3, true, "int32"]'


def test_arrays_of_objects_are_refused():
    with pytest.raises(TypeError, match="Python objects"):
        serialize_keras_object(np.array([object()]))


def test_tuples_of_keras_2_json():
    assert deserialize_keras_object({"class_name": "__tuple__", "items": [1, [2]]}) == (1, [2])


def test_dicts_that_only_look_like_configs_stay():
    for value in ({"class_name": "x"}, {"config": 3}, {"class_name": 3, "config": {}}):
        assert deserialize_keras_object(value) == value


def test_objects_pass_through_deserialization():
    part = Part()
    assert deserialize_keras_object([part])[0] is part


def test_values_of_unknown_types_are_refused():
    with pytest.raises(TypeError, match=r"Cannot serialize \{1\} of type set: its class needs a get_config"):
        serialize_keras_object({1})
    with pytest.raises(TypeError, match=r"the class Part itself; pass an instance, Part\("):
        serialize_keras_object(Part)


def test_other_packages_add_their_values(monkeypatch):
    from kx_io import codecs

    monkeypatch.setattr(codecs, "_encoders", dict(codecs._encoders))
    monkeypatch.setattr(codecs, "_decoders", dict(codecs._decoders))

    class Point(tuple):
        __slots__ = ()

    class Complex:
        def __init__(self, re, im):
            self.re, self.im = re, im

    class Special(Complex):
        pass

    encoder(f"{Complex.__module__}.{Complex.__qualname__}", lambda z: tagged("__complex__", re=z.re, im=z.im))
    decoder("__complex__", lambda config: Special(config["re"], config["im"]))
    config = serialize_keras_object({"z": Special(1, 2)})
    assert config == {"z": {"class_name": "__complex__", "config": {"re": 1, "im": 2}}}
    assert deserialize_keras_object(config)["z"].im == 2


# ---- functions


def test_functions_go_by_name():
    def mine(x):
        return x

    register("activations")(mine)
    assert serialize_keras_object(mine) == function("mine")
    assert deserialize_keras_object(function("mine")) is mine


def test_a_function_of_the_user_needs_custom_objects():
    def mine(x):
        return x

    config = serialize_keras_object(mine)
    assert config == function("mine")
    with pytest.raises(TypeError, match=r"function 'mine'.*custom_objects=\{'mine': mine\}"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, custom_objects={"mine": mine}) is mine


@pytest.mark.parametrize("safe_mode", [True, False])
def test_lambdas_are_refused_both_ways(safe_mode):
    with pytest.raises(ValueError, match="register_keras_serializable"):
        serialize_keras_object(lambda x: x)
    stored = {"class_name": "__lambda__", "config": {"value": ["4wEA", None, None]}}
    with pytest.raises(ValueError, match="lambda as code.*custom_objects") as caught:
        deserialize_keras_object([stored], safe_mode=safe_mode)
    assert ("safe_mode=False does not change that" in str(caught.value)) is not safe_mode


def test_activations_come_before_other_kinds():
    def one(x):
        return x

    def other(x):
        return x

    register("ops", name="relu")(one)
    register("activations", name="relu")(other)
    assert deserialize_keras_object(function("relu")) is other
    assert registry("ops").deserialize(function("relu")) is one


# ---- safety


@pytest.mark.parametrize(
    "config",
    [
        {"module": "os", "class_name": "system", "config": "echo x", "registered_name": "system"},
        {
            "module": "subprocess",
            "class_name": "Popen",
            "config": {"args": ["true"]},
            "registered_name": "Popen",
        },
        {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
        {
            "module": "builtins",
            "class_name": "builtin_function_or_method",
            "config": "exec",
            "registered_name": "x",
        },
        {"module": "kx_io.config", "class_name": "CustomObjectScope", "config": {}, "registered_name": None},
        {"module": "keras.src.saving", "class_name": "../x", "config": {}, "registered_name": None},
        {"module": "keras.layers", "class_name": "__class__", "config": {}, "registered_name": "__init__"},
    ],
)
@pytest.mark.parametrize("safe_mode", [True, False])
def test_names_outside_the_registry_do_not_resolve(config, safe_mode):
    with pytest.raises(TypeError, match="Unknown name in the config"):
        deserialize_keras_object(config, safe_mode=safe_mode)


def test_nothing_is_imported_for_a_config():
    code = """
import sys
from kx_io import deserialize_keras_object
before = set(sys.modules)
try:
    deserialize_keras_object({"module": "wave", "class_name": "Wave_write", "config": {}})
except TypeError:
    assert "wave" not in sys.modules
    print("refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


# ---- objects


def test_layout_of_registered_and_custom_classes():
    register("parts")(Part)
    assert serialize_keras_object(Part(2)) == {
        "module": "keras.parts",
        "class_name": "Part",
        "config": {"size": 2},
        "registered_name": None,
    }
    assert serialize_keras_object(Pair()) == {
        "module": Pair.__module__,
        "class_name": "Pair",
        "config": {"left": None, "right": None},
        "registered_name": "Pair",
    }


def test_classes_of_the_main_program_have_no_module(monkeypatch):
    monkeypatch.setattr(Pair, "__module__", "__main__")
    assert serialize_keras_object(Pair())["module"] is None


def test_nested_objects_round_trip():
    register("parts")(Part)
    register("parts")(Pair)
    pair = Pair(Part(2), [Part(3), {"x": Pair(Part(4))}])
    again = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(pair))))
    assert (again.left.size, again.right[0].size, again.right[1]["x"].left.size) == (2, 3, 4)


@pytest.mark.parametrize(
    "module", ["keras.parts", "keras.src.parts.core", "tensorflow.keras.parts", "tf_keras.src.engine", None]
)
def test_modules_of_older_keras_find_the_class(module):
    register("parts")(Part)
    config = {"module": module, "class_name": "Part", "config": {"size": 5}, "registered_name": None}
    assert deserialize_keras_object(config).size == 5


def test_a_class_name_of_two_kinds_is_decided_by_module_or_registry():
    loss, metric = type("Hinge", (Fields,), {}), type("Hinge", (Fields,), {})
    metric.__qualname__ = "Hinge2"
    register("losses")(loss)
    register("metrics")(metric)
    bare = {"class_name": "Hinge", "config": {}}
    for kind, cls in (("losses", loss), ("metrics", metric)):
        assert type(deserialize_keras_object({**bare, "module": f"keras.{kind}"})) is cls
        assert type(deserialize_keras_object({**bare, "module": f"keras.src.{kind}.x"})) is cls
        assert type(registry(kind).deserialize(bare)) is cls
    with pytest.raises(TypeError, match="class 'Hinge'"):
        deserialize_keras_object(bare)


def test_build_and_compile_configs_are_carried():
    class Model(Fields):
        built = False

        def get_build_config(self):
            return {"input_shape": (None, 3)}

        def build_from_config(self, config):
            self.shape, self.built = config["input_shape"], True

        def get_compile_config(self):
            return {"loss": Part(7)}

        def compile_from_config(self, config):
            self.loss = deserialize_keras_object(config["loss"])

    register("models")(Model)
    register("parts")(Part)
    config = serialize_keras_object(Model())
    assert config["build_config"] == {"input_shape": (None, 3)}
    assert config["compile_config"]["loss"]["class_name"] == "Part"
    again = deserialize_keras_object(config)
    assert (again.shape, again.loss.size) == ((None, 3), 7)


def test_parts_without_anything_to_say_are_left_out():
    class Unbuilt(Fields):
        def get_build_config(self):
            return None

    assert "build_config" not in serialize_keras_object(Unbuilt())


def test_failures_say_in_which_object():
    register("parts")(Pair)
    register("parts")(Part)
    config = serialize_keras_object(Pair(left=Part(2)))
    config["config"]["left"]["config"] = {"sise": 2}
    with pytest.raises(TypeError, match="Did you mean 'size'") as caught:
        deserialize_keras_object(config)
    assert caught.value.__notes__ == [
        "While rebuilding class 'keras.parts.Part' from its config.",
        "While rebuilding class 'keras.parts.Pair' from its config.",
    ]


def test_a_custom_object_that_cannot_be_rebuilt():
    with pytest.raises(TypeError, match="'thing'.*no class with a from_config"):
        deserialize_keras_object(custom("thing"), custom_objects={"thing": len})


# ---- unknown names


def test_all_missing_names_are_listed_at_once():
    register("parts")(Pair)
    inner = [custom("First"), function("second"), {"deep": custom("Third", "pkg>Third")}]
    config = {
        "module": "keras.parts",
        "class_name": "Pair",
        "config": {"left": custom("Zero"), "right": inner},
        "registered_name": None,
    }
    with pytest.raises(TypeError) as caught:
        deserialize_keras_object(config)
    assert str(caught.value).startswith(
        "Unknown name in the config: class 'somewhere.Zero', class 'somewhere.First', function 'second', "
        "class 'pkg>Third'. For classes and functions of your own, put @register_keras_serializable()"
    )


def test_one_unknown_name_gets_the_nearest():
    register("parts")(Part)
    with pytest.raises(TypeError, match=r"class 'keras.parts.Prat'\. Did you mean 'Part'\?"):
        deserialize_keras_object({"module": "keras.parts", "class_name": "Prat", "config": {}})


# ---- custom objects


def test_registered_serializables():
    @register_keras_serializable("my")
    class Mine(Fields):
        size = field(1)

    @register_keras_serializable()
    def work(x):
        return x

    @register_keras_serializable("my", name="other")
    def named(x):
        return x

    assert serialize_keras_object(Mine(2))["registered_name"] == "my>Mine"
    assert deserialize_keras_object(serialize_keras_object(Mine(2))).size == 2
    assert serialize_keras_object(work) == function("Custom>work")
    assert deserialize_keras_object(function("my>other")) is named
    assert get_registered_name(Mine) == "my>Mine"
    assert get_registered_object("my>Mine") is Mine
    assert set(get_custom_objects()) == {"my>Mine", "Custom>work", "my>other"}


def test_what_cannot_be_registered():
    with pytest.raises(ValueError, match=r"class Bare: it has no get_config\(\)"):

        @register_keras_serializable()
        class Bare:
            pass

    with pytest.raises(TypeError, match="expected a class or a function"):
        register_keras_serializable()(3)


def test_the_name_without_package_is_enough_in_custom_objects():
    assert deserialize_keras_object(custom("Part", "pkg>Part"), custom_objects={"Part": Part}).size == 1
    work = len
    assert deserialize_keras_object(function("pkg>work"), custom_objects={"work": work}) is work


def test_scopes_nest_and_end():
    with CustomObjectScope({"Part": Part}), custom_object_scope({"Pair": Pair}):
        assert type(deserialize_keras_object(custom("Part"))) is Part
        assert type(deserialize_keras_object(custom("Pair"))) is Pair
    with pytest.raises(TypeError, match="Part"):
        deserialize_keras_object(custom("Part"))


def test_an_error_inside_leaves_no_scope_open():
    with pytest.raises(ValueError), CustomObjectScope({"Part": Part}):
        raise ValueError
    assert get_registered_object("Part") is None


def test_custom_objects_reach_nested_configs():
    pair = serialize_keras_object(Pair(left=Part(3)))
    assert deserialize_keras_object(pair, custom_objects={"Pair": Pair, "Part": Part}).left.size == 3


def test_scopes_want_a_dict():
    with pytest.raises(TypeError, match="custom_objects must be a dict"):
        CustomObjectScope([Part])


def test_get_registered_object_falls_back_to_the_given_dicts():
    assert get_registered_object("a", {"a": 1}, {"b": 2}) == 1
    assert get_registered_object("b", {"a": 1}, {"b": 2}) == 2
    assert get_registered_object("c", {"a": 1}) is None


# ---- shared objects


def test_shared_objects_stay_shared():
    register("parts")(Part)
    register("parts")(Pair)
    part = Part(2)
    pair = Pair(part, [part, Part(2)])
    with shared_objects():
        config = json.loads(json.dumps(serialize_keras_object(pair)))
    assert config["config"]["left"]["shared_object_id"] == config["config"]["right"][0]["shared_object_id"]
    assert "shared_object_id" not in config["config"]["right"][1]
    with shared_objects():
        again = deserialize_keras_object(config)
    assert again.left is again.right[0]
    assert again.left is not again.right[1]


def test_outside_the_scope_nothing_is_shared():
    register("parts")(Part)
    part = Part(2)
    config = serialize_keras_object([part, part])
    assert all("shared_object_id" not in item for item in config)
    first, second = deserialize_keras_object([{**item, "shared_object_id": 1} for item in config])
    assert first is not second


def test_a_scope_inside_a_scope_shares_with_it():
    register("parts")(Part)
    part = Part(2)
    with shared_objects():
        first = serialize_keras_object(part)
        with shared_objects():
            second = serialize_keras_object(part)
    assert first["shared_object_id"] == second["shared_object_id"]


def test_import_is_light():
    heavy = ("numpy", "h5py", "yaml", "inspect", "typing")
    code = f"import sys, kx_io; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:  # an editable install is found through site-packages
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
