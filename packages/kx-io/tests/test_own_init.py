"""Classes with an `__init__` of their own: what they were given is their config, unless they write one."""

import copy
import inspect
import pickle

import numpy as np
import pytest

from kx_io import Fields, field, positive, serialize


class Base(Fields):
    name = field(None, kw_only=True)
    trainable = field(True, kw_only=True)


class Dense(Base):
    units: int = field(check=positive)
    use_bias = field(True)


class Scaled(Base):
    def __init__(self, factor, offset=2, **kwargs):
        super().__init__(**kwargs)
        self.total = factor + offset


class Closed(Base):
    def __init__(self, factor):
        super().__init__(name="fixed")
        self.f = factor


class Written(Base):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Starred(Base):
    def __init__(self, *sizes, **kwargs):
        super().__init__(**kwargs)


def test_the_given_arguments_are_the_config():
    layer = Scaled(3, name="s")
    assert layer.get_config() == {"factor": 3, "offset": 2, "name": "s", "trainable": True}
    assert Scaled.from_config(layer.get_config()).total == 5


def test_later_changes_of_base_fields_are_saved():
    layer = Scaled(3)
    layer.trainable = False
    assert layer.get_config()["trainable"] is False


def test_without_kwargs_only_own_arguments_are_the_config():
    assert Closed(1).get_config() == {"factor": 1}
    assert Closed.from_config({"factor": 1}).name == "fixed"


def test_values_of_recorded_arguments_come_back():
    layer = Scaled(np.float32(1), offset=np.array([1, 2]))
    again = Scaled.from_config(layer.get_config())
    np.testing.assert_array_equal(again.total, [2, 3])


def test_unserializable_arguments_ask_for_a_get_config():
    class Holder(Base):
        def __init__(self, thing):
            super().__init__()

    for thing in (object(), lambda x: x, {1, 2}):
        with pytest.raises(NotImplementedError, match=r"(?s)Holder was given thing=.*def get_config\(self\)"):
            Holder(thing).get_config()
    with pytest.raises(NotImplementedError, match="sizes"):
        Starred(1, 2).get_config()
    assert Starred().get_config() == {"name": None, "trainable": True}


def test_a_hand_written_get_config_is_left_alone():
    layer = Written(3, name="w")
    assert layer.get_config() == {"factor": 3, "name": "w", "trainable": True}
    assert "_given" not in vars(layer)
    assert Written.from_config(layer.get_config()).factor == 3


def test_values_of_a_hand_written_config_are_not_touched_by_from_config():
    part = {"class_name": "__slice__", "config": {"start": 0, "stop": 1, "step": None}}
    assert Written.from_config({"factor": part}).factor == part


def test_generic_classes_record_nothing():
    assert "_given" not in vars(Dense(3))
    assert Dense.__new__ is object.__new__


def test_library_bases_that_extend_get_config_do_not_hide_the_arguments():
    class Library(Fields):
        dtype = field("float32", kw_only=True)

        def get_config(self):
            return {**super().get_config(), "dtype": "policy"}

    class User(Library):
        def __init__(self, size, **kwargs):
            super().__init__(**kwargs)

    assert User(3).get_config() == {"size": 3, "dtype": "policy"}


def test_subclasses_of_hand_written_classes():
    class Child(Scaled):
        pass

    class Deeper(Scaled):
        def __init__(self, factor, depth, **kwargs):
            super().__init__(factor * depth, **kwargs)

    assert Child(3).get_config()["factor"] == 3
    assert Deeper(3, 2).get_config() == {
        "factor": 3,
        "depth": 2,
        "name": None,
        "trainable": True,
    }

    class WithField(Scaled):
        rate = field(0.5, kw_only=True)

    thing = WithField(3, rate=0.1)
    assert thing.rate == 0.1
    assert WithField.from_config(thing.get_config()).rate == 0.1


def test_a_subclass_of_a_concrete_class_keeps_its_own_arguments():
    class Twice(Dense):
        def __init__(self, size, **kwargs):
            super().__init__(units=2 * size, **kwargs)

    config = Twice(3, use_bias=False).get_config()
    assert config == {"size": 3, "use_bias": False, "name": None, "trainable": True}
    assert Twice.from_config(config).units == 6


def test_fields_and_an_own_init_together_use_the_fields():
    class Both(Base):
        size = field()

        def __init__(self, size, **kwargs):
            super().__init__(size=size + 1, **kwargs)

    assert Both(1).get_config() == {"size": 2, "name": None, "trainable": True}


def test_a_mixin_with_new_gets_the_arguments():
    seen = []

    class Chooser(Base):
        def __new__(cls, *args, **kwargs):
            seen.append((args, kwargs))
            return super().__new__(cls)

    class User(Chooser):
        def __init__(self, size):
            super().__init__()

    assert User(3).get_config() == {"size": 3}
    assert seen == [((3,), {})]


def test_signature_and_copies_of_hand_written_classes():
    assert str(inspect.signature(Scaled)) == "(factor, offset=2, **kwargs)"
    for other in (copy.deepcopy(Scaled(3)), pickle.loads(pickle.dumps(Scaled(3)))):
        assert other.get_config()["factor"] == 3


def test_serialize_names_the_module_of_a_user_class():
    assert serialize(Scaled(3))["registered_name"] == "Scaled"
    assert serialize(Scaled(3))["module"] == Scaled.__module__
