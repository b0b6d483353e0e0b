"""What a subclass may change: `train_step`, `test_step`, `predict_step`, `compute_loss`, `compute_metrics`; added losses."""

import numpy as np
import pytest

from kx_layers import ActivityRegularization, Dense, Input, Layer
from kx_losses.losses import mean_squared_error
from kx_losses.metrics import Mean, MeanAbsoluteError
from kx_models import Model, Sequential
from kx_tensor import GradientTape, KerasTensor, ops

X = np.arange(12, dtype="float32").reshape(4, 3) / 10
Y = X[:, :2].copy()


def started(model):
    model.set_weights([np.full(w.shape, 0.1, "float32") for w in model.get_weights()])
    return model


def built(cls=Sequential, **compiled):
    model = started(cls([Input((3,)), Dense(2)]))
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


class ByHand(Sequential):
    """A training step written out with a tape."""

    def train_step(self, data):
        x, y = data
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def test_a_step_written_out_trains_as_the_builtin_does():
    one, two = built(ByHand, metrics=["mae"]), built(metrics=["mae"])
    found, expected = (
        m.fit(X, Y, epochs=3, batch_size=2, shuffle=False, verbose=0).history for m in (one, two)
    )
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    assert one.train_on_batch(X, Y) == pytest.approx(two.train_on_batch(X, Y), rel=1e-5)


def test_a_step_without_the_compiled_loss():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(2, kernel_initializer="zeros")
            self.tracker = Mean(name="own_loss")

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with GradientTape() as tape:
                loss = ops.mean(mean_squared_error(y, self(x, training=True)))
            variables = self.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            self.tracker.update_state(loss)
            return {"own_loss": self.tracker.result()}

        @property
        def metrics(self):
            return [self.tracker]

    model = Own()
    model.compile("sgd")
    losses = model.fit(X, Y, epochs=4, verbose=0).history["own_loss"]
    assert losses[0] == pytest.approx(float((Y**2).mean()), rel=1e-6)  # reset for each epoch
    assert losses == sorted(losses, reverse=True)


def test_two_optimizers_in_one_step():
    class Pair(Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = Dense(2, name="one"), Dense(2, name="two")

        def call(self, x):
            return self.one(x), self.two(x)

        def compile(self, first, second):
            super().compile()
            self.first, self.second = first, second

        def train_step(self, data):
            x, y = data
            losses = {}
            for part, optimizer in ((self.one, self.first), (self.two, self.second)):
                with GradientTape() as tape:
                    loss = ops.mean((part(x) - y) ** 2)
                weights = part.trainable_weights
                optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
                losses[part.name] = loss
            return losses

    from kx_optimizers import SGD, Adam

    model = Pair()
    model.compile(SGD(0.1), Adam(0.1))
    history = model.fit(X, Y, epochs=20, verbose=0).history
    for name in ("one", "two"):
        assert history[name][-1] < history[name][0] / 2


def test_a_step_must_return_a_dict():
    class Wrong(Sequential):
        def train_step(self, data):
            return 3.0

    with pytest.raises(ValueError, match="must return a dict of metrics, got 3.0"):
        built(Wrong).fit(X, Y, verbose=0)


def test_test_step_and_predict_step():
    class Own(Sequential):
        def test_step(self, data):
            x, _ = data
            return {"sum": ops.sum(self(x, training=False))}

        def predict_step(self, data):
            return super().predict_step(data) * 2

    model = built(Own)
    total = float(model(X).numpy().sum())
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(total, rel=1e-6)
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["sum"] == pytest.approx(total, rel=1e-6)
    assert model.fit(X, Y, validation_data=(X, Y), verbose=0).history["val_sum"]
    np.testing.assert_allclose(model.predict(X, verbose=0), 2 * model(X).numpy(), rtol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(X), 2 * model(X).numpy(), rtol=1e-6)


def test_what_a_step_is_given():
    """A tuple, or the one array where there is nothing else, as in Keras 3."""
    seen = []

    class Own(Sequential):
        def train_step(self, data):
            seen.append([type(part).__name__ for part in data])
            return super().train_step(data)

        def predict_step(self, data):
            seen.append(type(data).__name__)
            return super().predict_step(data)

    model = built(Own)
    model.fit(X, Y, verbose=0)
    model.fit(X, Y, sample_weight=np.ones(4), verbose=0)
    model.predict(X, verbose=0)
    assert seen == [["Tensor", "Tensor"], ["Tensor", "Tensor", "Tensor"], "Tensor"]


def test_compute_loss():
    class Doubled(Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 2 * super().compute_loss(x, y, y_pred, sample_weight, training)

    plain, doubled = built(), built(Doubled)
    assert doubled.evaluate(X, Y, verbose=0) == pytest.approx(2 * plain.evaluate(X, Y, verbose=0), rel=1e-6)
    before = plain.get_weights()[0]
    for model in (plain, doubled):
        model.train_on_batch(X, Y)
    steps = [m.get_weights()[0] - before for m in (plain, doubled)]
    np.testing.assert_allclose(steps[1], 2 * steps[0], rtol=1e-4)


def test_compute_metrics_adds_to_the_logs():
    class More(Sequential):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return {**super().compute_metrics(x, y, y_pred, sample_weight), "extra": 7.0}

    model = built(More, metrics=["mae"])
    history = model.fit(X, Y, epochs=2, validation_data=(X, Y), verbose=0).history
    assert history["extra"] == history["val_extra"] == [7.0, 7.0]
    assert list(history) == ["extra", "loss", "mae", "val_extra", "val_loss", "val_mae"]
    assert set(model.evaluate(X, Y, verbose=0, return_dict=True)) == {"loss", "mae", "extra"}
    assert set(model.train_on_batch(X, Y, return_dict=True)) == {"loss", "mae", "extra"}


class Watched(Layer):
    def __init__(self):
        super().__init__()
        self.seen = Mean(name="seen")

    def call(self, x):
        if not isinstance(x, KerasTensor):
            self.seen.update_state(ops.sum(x))
        return x


def test_a_metric_held_by_a_layer_is_reported_and_reset():
    watched = Watched()
    model = started(Sequential([Input((3,)), watched, Dense(2)]))
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=2, verbose=0).history
    assert list(history) == ["loss", "mae", "seen"]
    assert history["seen"] == pytest.approx([X.sum()] * 2)
    loss, seen, mae = model.evaluate(X, Y, verbose=0)
    assert (seen, loss != mae) == (pytest.approx(X.sum()), True)
    assert watched.metrics == [watched.seen]
    assert len(model.weights) == 2  # a metric's state is no weight


class Costly(Layer):
    def call(self, x):
        self.add_loss(0.1 * ops.sum(x))
        return x


def test_added_losses_count_in_training_and_evaluation():
    model = started(Sequential([Input((3,)), Costly(), Dense(2)]))
    model.compile("sgd", "mse")
    plain = built()
    extra = 0.1 * X.sum()
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(plain.evaluate(X, Y, verbose=0) + extra, rel=1e-6)
    assert model.fit(X, Y, verbose=0).history["loss"][0] == pytest.approx(
        plain.fit(X, Y, verbose=0).history["loss"][0] + extra, rel=1e-6
    )


def test_a_model_may_have_added_losses_alone():
    model = started(Sequential([Input((3,)), Costly(), Dense(2)]))
    model.compile("sgd")
    assert model.fit(X, verbose=0).history["loss"] == pytest.approx([0.1 * X.sum()])


def test_losses_of_a_call_replace_those_of_the_last():
    costly = Costly()
    model = Sequential(
        [Input((3,)), costly, Dense(2, kernel_regularizer="l2"), ActivityRegularization(l1=0.5)]
    )
    started(model)
    for _ in range(3):
        out = model(X)
    expected = [0.1 * X.sum(), 0.5 * np.abs(out.numpy()).sum() / 4, 0.01 * 6 * 0.1**2]
    assert [float(loss) for loss in model.losses] == pytest.approx(expected, rel=1e-5)
    costly(X)
    assert len(costly.losses) == 1
    model(X)
    assert len(costly.losses) == 1


def test_a_custom_loss_and_metric_are_functions():
    def gap(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    def largest(y_true, y_pred):
        return ops.max(y_pred)

    model = built(loss=gap, metrics=[largest, MeanAbsoluteError(name="mean_gap")])
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(found) == ["largest", "loss", "mean_gap"]
    assert found["loss"] == pytest.approx(found["mean_gap"])
    assert found["largest"] == pytest.approx(float(model(X).numpy().max()))
