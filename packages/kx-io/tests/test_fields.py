"""Declared fields: order, signature, conversion, errors, configs, hand-written constructors."""

import copy
import inspect
import pickle

import numpy as np
import pytest

from kx_io import Fields, field, fraction, non_negative, one_of, positive, register, registry


class Base(Fields):
    name = field(None, kw_only=True)
    trainable = field(True, kw_only=True)


class Dense(Base):
    units: int = field(check=positive)
    activation = field("linear", to=str.lower)
    use_bias = field(True)


class Optimizer(Fields):
    learning_rate = field(first=True)
    weight_decay = field(None)
    clipnorm = field(None)
    name = field(None)


class Adam(Optimizer):
    learning_rate = field(0.001)
    beta_1 = field(0.9, check=fraction)
    beta_2 = field(0.999)


class Metric(Fields):
    dtype = field(None)
    name = field(None)


def signature(cls):
    return str(inspect.signature(cls))


# ---- order and signature


def test_own_fields_come_before_keyword_only_ones_of_the_base():
    assert signature(Dense) == "(units, activation='linear', use_bias=True, *, name=None, trainable=True)"


def test_first_fields_stay_first_and_redeclared_fields_keep_their_place():
    assert signature(Adam) == (
        "(learning_rate=0.001, beta_1=0.9, beta_2=0.999, weight_decay=None, clipnorm=None, name=None)"
    )

    class Plain(Adam):
        weight_decay = field(0.004)
        extra = field(1)

    assert list(inspect.signature(Plain).parameters) == (
        ["learning_rate", "extra", "beta_1", "beta_2", "weight_decay", "clipnorm", "name"]
    )
    assert Plain().weight_decay == 0.004


def test_field_order_decides_the_positional_order():
    class AdamW(Adam):
        weight_decay = field(0.004)
        field_order = ("learning_rate", "weight_decay", "beta_1")

    class AUC(Metric):
        num_thresholds = field(200)
        curve = field("ROC")
        thresholds = field(None)
        field_order = ("num_thresholds", "curve", "name", "dtype", "thresholds")

    assert signature(AdamW).startswith("(learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999,")
    assert signature(AUC) == "(num_thresholds=200, curve='ROC', name=None, dtype=None, thresholds=None)"
    assert AUC(10, "PR", "auc").name == "auc"


def test_field_order_makes_a_keyword_only_field_positional_in_that_class_alone():
    class Named(Base):
        size = field(1)
        field_order = ("name", "size")

    assert Named("n", 2).name == "n"
    with pytest.raises(TypeError, match="takes at most 3 positional"):
        Dense(1, "relu", True, "n")


def test_field_order_of_unknown_names_fails_at_the_class():
    with pytest.raises(TypeError, match=r"field_order names \['nope'\]"):

        class Wrong(Base):
            field_order = ("nope",)


def test_a_required_field_after_a_default_fails_at_the_class():
    with pytest.raises(TypeError, match="required field 'b' follows 'a'"):

        class Wrong(Fields):
            a = field(1)
            b = field()


def test_mutable_defaults_are_refused_and_factories_make_fresh_ones():
    with pytest.raises(TypeError, match="factory"):
        field([])

    class Bag(Fields):
        items = field(factory=list)

    first, second = Bag(), Bag()
    first.items.append(1)
    assert second.items == []
    assert signature(Bag) == "(items=[])"


def test_several_bases_with_fields():
    class Shared(Fields):
        units = field()
        dropout = field(0.0)

    class Layer(Shared, Base):
        return_state = field(False)
        field_order = ("units", "dropout")

    assert signature(Layer) == "(units, dropout=0.0, return_state=False, *, name=None, trainable=True)"
    assert Layer(3, name="n").name == "n"


def test_in_a_diamond_the_nearest_redeclaration_counts():
    class Root(Fields):
        size = field(1)

    class Left(Root):
        pass

    class Right(Root):
        size = field(2)

    class Both(Left, Right):
        pass

    assert Both().size == 2


def test_signature_of_an_instance_is_that_of_its_call():
    class Callable(Base):
        def __call__(self, x, training=False):
            return x

    assert str(inspect.signature(Callable())) == "(x, training=False)"


def test_help_shows_the_signature():
    import pydoc

    assert "Dense(units, activation='linear'" in pydoc.plain(pydoc.render_doc(Dense))


def test_field_attributes_are_not_class_attributes():
    assert not hasattr(Dense, "units")


# ---- values


def test_values_defaults_and_converters():
    layer = Dense(3, "RELU", name="d")
    assert (layer.units, layer.activation, layer.use_bias, layer.name, layer.trainable) == (
        3,
        "relu",
        True,
        "d",
        True,
    )
    assert Dense(3).activation == "linear"


def test_converters_run_on_defaults():
    class Thing(Fields):
        size = field("3", to=int)

    assert Thing().size == 3


def test_a_failing_converter_says_which_argument():
    class Thing(Fields):
        size = field(to=int)

    with pytest.raises(ValueError) as caught:
        Thing("x")
    assert caught.value.__notes__ == ["In Thing(size='x')."]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-3, "Dense: units must be a positive integer, got -3."),
        (0, "Dense: units must be a positive integer, got 0."),
        (2.5, "Dense: units must be a positive integer, got 2.5."),
        ("3", "Dense: units must be a positive integer, got '3'."),
        (True, "Dense: units must be a positive integer, got True."),
        (None, "Dense: units must be a positive integer, got None."),
    ],
)
def test_checks_say_what_is_accepted(value, message):
    with pytest.raises(ValueError) as caught:
        Dense(value)
    assert str(caught.value) == message


def test_numpy_integers_pass_as_integers():
    assert Dense(np.int64(3)).units == 3


def test_defaults_are_not_checked_and_may_be_given():
    class Thing(Fields):
        seed: int = field(None, check=non_negative)
        groups: int = field(1, check=positive | one_of("auto"))

    assert Thing(None).seed is None
    assert Thing(groups="auto").groups == "auto"
    with pytest.raises(ValueError, match="seed must be a non-negative integer, got -1"):
        Thing(-1)
    with pytest.raises(ValueError, match="groups must be a positive integer or 'auto', got 'all'"):
        Thing(groups="all")


def test_a_plain_function_as_check():
    def even(x):
        return x % 2 == 0

    class Thing(Fields):
        size = field(check=even)

    assert Thing(2).size == 2
    with pytest.raises(ValueError, match="Thing: size must be accepted by even, got 3"):
        Thing(3)


def test_post_init_sees_the_fields():
    class Thing(Fields):
        size = field()

        def __post_init__(self):
            self.double = 2 * self.size

    assert Thing(2).double == 4


def test_fields_go_through_setattr():
    seen = []

    class Tracked(Fields):
        a = field(1)

        def __setattr__(self, name, value):
            seen.append(name)
            object.__setattr__(self, name, value)

    Tracked()
    assert seen == ["a"]


def test_a_field_behind_a_property():
    class Thing(Fields):
        rate = field(0.1)

        @rate.getter
        def rate(self):
            return self._rate

        @rate.setter
        def rate(self, value):
            self._rate = float(value)

    thing = Thing(1)
    assert thing.rate == 1.0
    thing.rate = 2
    assert vars(thing) == {"_rate": 2.0}
    assert thing.get_config() == {"rate": 2.0}

    class Child(Thing):
        rate = field(0.5)

    assert vars(Child()) == {"_rate": 0.5}


# ---- argument errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: Dense(untis=3),
            "Dense got an unexpected keyword argument 'untis'. Did you mean 'units'? "
            "It takes: units, activation, use_bias, name, trainable.",
        ),
        (
            lambda: Dense(3, zzz=1),
            "Dense got an unexpected keyword argument 'zzz'. "
            "It takes: units, activation, use_bias, name, trainable.",
        ),
        (lambda: Dense(), "Dense needs the argument 'units'."),
        (lambda: Dense(3, units=4), "Dense got multiple values for argument 'units'."),
        (
            lambda: Dense(1, "relu", True, None),
            "Dense takes at most 3 positional arguments (units, activation, use_bias), got 4.",
        ),
    ],
)
def test_argument_errors(call, message):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


class Lenient(Base):
    learning_rate = field(0.1)

    def _accept_extra(self, extra):
        self.input_shape = extra.pop("input_shape", None)
        if "lr" in extra:
            extra["learning_rate"] = extra.pop("lr")
        return extra


def test_extra_arguments_go_to_the_hook():
    thing = Lenient(input_shape=(3,), lr=0.5)
    assert (thing.input_shape, thing.learning_rate) == ((3,), 0.5)
    with pytest.raises(TypeError, match="unexpected keyword argument 'weihgts'"):
        Lenient(weihgts=1)
    with pytest.raises(TypeError, match="got 'learning_rate' twice"):
        Lenient(lr=0.5, learning_rate=0.1)


# ---- configs


def test_config_round_trip():
    layer = Dense(3, "RELU", trainable=False)
    config = layer.get_config()
    assert config == {"units": 3, "activation": "relu", "use_bias": True, "name": None, "trainable": False}
    assert Dense.from_config(config).get_config() == config


def test_config_false_and_save():
    class Thing(Fields):
        secret = field(1, config=False)
        shape = field((1, 2), save=list)

    assert Thing().get_config() == {"shape": [1, 2]}


def test_numpy_values_become_plain():
    class Thing(Fields):
        value = field()

    assert Thing(np.float32(0.5)).get_config() == {"value": 0.5}
    array = Thing(np.array([1, 2], "int32"))
    assert array.get_config() == {
        "value": {"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "int32"}}
    }
    restored = Thing.from_config(array.get_config()).value
    np.testing.assert_array_equal(restored, [1, 2])
    assert restored.dtype == "int32"


def test_nested_objects_and_registry_converters(empty_registry):
    @register("activations")
    def relu(x):
        return x

    @register("parts")
    class Part(Fields):
        size = field(1)

    class Whole(Fields):
        activation = field("relu", to=registry("activations").get)
        part = field(None, to=registry("parts").get)
        parts = field(())

    whole = Whole(part=Part(2), parts=[Part(3), Part(4)])
    config = whole.get_config()
    assert whole.activation is relu
    assert config["activation"] == "relu"
    assert config["part"] == {
        "module": "keras.parts",
        "class_name": "Part",
        "config": {"size": 2},
        "registered_name": None,
    }
    again = Whole.from_config(config)
    assert (again.part.size, [p.size for p in again.parts]) == (2, [3, 4])
    assert repr(whole) == "<Whole part=<Part size=2> parts=[<Part size=3>, <Part size=4>]>"


def test_from_config_refuses_what_is_no_dict():
    with pytest.raises(TypeError, match=r"Dense.from_config expects a dict of arguments, got \[1\]"):
        Dense.from_config([1])


def test_repr_shows_what_is_not_default():
    assert repr(Dense(3)) == "<Dense units=3>"
    assert repr(Dense(3, "relu", name="d")) == "<Dense units=3 activation='relu' name='d'>"
    assert repr(Adam()) == "<Adam>"


def test_repr_of_an_unfinished_object_and_of_functions():
    class Thing(Fields):
        fn = field(None)
        late = field(None)

        def __post_init__(self):
            del self.late

    def work():
        pass

    assert repr(Thing(work)) == "<Thing fn='work'>"
    assert repr(Thing(lambda: 1)) == "<Thing fn='<lambda>'>"


def test_identity_equality_and_copies():
    layer = Dense(3)
    assert layer != Dense(3)
    assert {layer: 1}[layer] == 1
    for other in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other is not layer
        assert other.get_config() == layer.get_config()


def test_without_fields_drops_arguments_of_the_base():
    class Wrapper(Fields):
        inner = field()
        size: int = field(1)

    class Own(Wrapper):
        without_fields = ("inner",)

        def __post_init__(self):
            self.inner = [self.size]

    class Derived(Own):
        color = field("red")

    assert Own(3).inner == [3]
    assert Derived(color="blue").get_config() == {"size": 1, "color": "blue"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'inner'"):
        Own(inner=[])
