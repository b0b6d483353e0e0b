"""The registry: names and aliases, `get` of everything a user may write, collisions, near misses."""

import threading

import pytest

from kx_io import CustomObjectScope, Fields, field, register, registry, serialize, snake_case

pytestmark = pytest.mark.usefixtures("empty_registry")


@pytest.fixture
def losses():
    @register("losses", "mse", "MSE")
    def mean_squared_error(y_true, y_pred):
        return 0

    @register("losses")
    class MeanSquaredError(Fields):
        reduction = field("sum")

        def __call__(self, y_true, y_pred):
            return 0

    @register("losses", "KLD")
    class KLDivergence(Fields):
        pass

    return {"function": mean_squared_error, "class": MeanSquaredError, "kld": KLDivergence}


def test_names_and_aliases(losses):
    get = registry("losses").get
    assert get("mse") is get("MSE") is get("mean_squared_error") is losses["function"]
    assert type(get("MeanSquaredError")) is losses["class"]
    for name in ("KLDivergence", "kl_divergence", "KLD", "kldivergence"):
        assert type(get(name)) is losses["kld"]
    assert {"mse", "kl_divergence", "MeanSquaredError"} <= set(registry("losses").names())
    assert "KLD" in registry("losses")
    assert "nope" not in registry("losses")
    assert registry("losses").classes()["KLDivergence"] is losses["kld"]
    assert repr(registry("losses")) == "<Registry losses: 3 objects>"


def test_get_accepts_what_users_write(losses):
    get = registry("losses").get
    instance, function = losses["class"]("mean"), lambda y_true, y_pred: 0
    assert get(None) is None
    assert get(instance) is instance
    assert get(function) is function
    assert type(get(losses["class"])) is losses["class"]
    assert get({"class_name": "MeanSquaredError", "config": {"reduction": "none"}}).reduction == "none"
    assert get(registry("losses").serialize(instance)).reduction == "mean"


def test_a_near_miss_is_named(losses):
    with pytest.raises(ValueError) as caught:
        registry("losses").get("mean_sqaured_error")
    assert str(caught.value) == (
        "Unknown loss 'mean_sqaured_error'. Did you mean 'mean_squared_error'? If it is your own, pass the "
        "object itself or make its name known with custom_object_scope({'mean_sqaured_error': ...})."
    )
    with pytest.raises(ValueError, match=r"Unknown loss 'zzz'\. If"):
        registry("losses").get("zzz")


@pytest.mark.parametrize(("kind", "one"), [("losses", "a loss"), ("optimizers", "an optimizer")])
def test_other_types_are_refused(kind, one):
    with pytest.raises(ValueError, match=f"Cannot use 3 of type int as {one}; expected a name"):
        registry(kind).get(3)


def test_exact_names_win_over_implied_ones_in_either_order():
    @register("metrics")
    class Hinge(Fields):
        pass

    @register("metrics")
    def hinge(y_true, y_pred):
        return 1

    assert registry("metrics").get("hinge") is hinge
    assert type(registry("metrics").get("Hinge")) is Hinge


def test_optimizer_names_in_any_case():
    @register("optimizers")
    class RMSprop(Fields):
        pass

    for name in ("RMSprop", "rmsprop", "RMSProp", "RMSPROP", "rm_sprop"):
        assert type(registry("optimizers").get(name)) is RMSprop


def test_a_taken_name_is_refused_and_changes_nothing():
    @register("losses", "x")
    def first(y_true, y_pred):
        return 0

    def second(y_true, y_pred):
        return 1

    with pytest.raises(ValueError, match=r"Loss name 'x' is taken by .*first; cannot register .*second"):
        register("losses", "y", "x")(second)
    assert "second" not in registry("losses")
    assert "y" not in registry("losses")


def test_running_a_definition_again_replaces_it():
    def define():
        @register("losses", "again")
        class Again(Fields):
            pass

        return Again

    old, new = define(), define()
    assert old is not new
    for name in ("Again", "again"):
        assert type(registry("losses").get(name)) is new
    assert type(registry("losses").deserialize(serialize(new()))) is new


def test_kinds_share_names_and_the_first_kind_is_home():
    def mean_absolute_error(y_true, y_pred):
        return 0

    register("losses", "mae")(mean_absolute_error)
    register("metrics", "mae")(mean_absolute_error)
    assert registry("losses").get("mae") is registry("metrics").get("mae")


def test_names_and_modules_may_be_given():
    @register("models", name="Functional", module="keras.src.models.functional")
    class FunctionalModel(Fields):
        pass

    @register("schedules")
    class Decay(Fields):
        pass

    @register("dtype_policies")
    class Policy(Fields):
        pass

    config = serialize(FunctionalModel())
    assert config == {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {},
        "registered_name": "Functional",
    }
    assert serialize(Decay())["module"] == "keras.optimizers.schedules"
    assert serialize(Policy())["module"] == "keras"


def test_register_without_a_kind_is_explained():
    with pytest.raises(TypeError, match=r'@register\("layers"\)'):

        @register
        class Forgotten(Fields):
            pass


def test_activation_functions_serialize_to_their_name():
    @register("activations", "swish")
    def silu(x):
        return x

    activations = registry("activations")
    assert activations.serialize(activations.get("swish")) == "silu"
    assert activations.deserialize("silu") is silu
    assert serialize(silu)["config"] == "silu"


def test_custom_objects_come_first_and_only_in_their_scope():
    @register("losses")
    def hinge(y_true, y_pred):
        return 0

    def mine(y_true, y_pred):
        return 1

    get = registry("losses").get
    with CustomObjectScope({"hinge": mine, "mine": mine}):
        assert get("hinge") is get("mine") is mine
        found = []
        thread = threading.Thread(target=lambda: found.append(get("hinge")))
        thread.start()
        thread.join()
        assert found == [hinge]
    assert get("hinge") is hinge
    with pytest.raises(ValueError, match="mine"):
        get("mine")
    assert registry("losses").deserialize("mine", custom_objects={"mine": mine}) is mine


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AUC", "auc"),
        ("KLDivergence", "kl_divergence"),
        ("L1L2", "l1l2"),
        ("PReLU", "p_re_lu"),
        ("ReLU", "re_lu"),
        ("Conv2D", "conv2d"),
        ("OneHotMeanIoU", "one_hot_mean_io_u"),
        ("R2Score", "r2_score"),
        ("F1Score", "f1_score"),
        ("GRUCell", "gru_cell"),
        ("STFTSpectrogram", "stft_spectrogram"),
        ("GlobalAveragePooling1D", "global_average_pooling1d"),
        ("RMSprop", "rm_sprop"),
        ("IdentityInitializer", "identity_initializer"),
        ("My_Layer", "my_layer"),
    ],
)
def test_snake_case_is_keras_s(name, expected):
    assert snake_case(name) == expected


def test_what_keras_calls_its_objects_follows_from_their_names_but_for_the_aliases(golden):
    aliases = {
        name
        for table in golden["identifiers"].values()
        for name, target in table.items()
        if name not in (target, snake_case(target), target.lower())
    }
    assert aliases == {
        *("bce", "mse", "mae", "mape", "msle", "kld", "BCE", "MSE", "MAE", "MAPE", "MSLE", "KLD"),
        *("normal", "uniform", "one", "zero", "swish", "hard_swish"),
        *("IdentityInitializer", "OrthogonalInitializer", "STFTInitializer"),
    }
