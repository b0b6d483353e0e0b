"""All callbacks as one, and what the training loop may leave out."""

import types

import pytest

from kx_models.callbacks import Callback, CallbackList, History, ProgbarLogger

KINDS = ("train", "test", "predict")


class Recorder(Callback):
    """Writes down every hook it is called on."""

    def __init__(self, log):
        super().__init__()
        self.log = log


for _name in [name for name in vars(Callback) if name.startswith("on_")]:
    setattr(Recorder, _name, lambda self, *args, _name=_name, **kwargs: self.log.append((_name, *args)))


def test_every_hook_reaches_every_callback_in_order():
    first, second = [], []
    listed = CallbackList([Recorder(first), [Recorder(second)]])
    for name in [
        n for n in vars(Callback) if n.startswith("on_") and n not in ("on_batch_begin", "on_batch_end")
    ]:
        arguments = (5,) if "batch" in name or "epoch" in name else ()
        getattr(listed, name)(*arguments)
        getattr(listed, name)(*arguments, {"loss": 1})
        assert first[-2:] == [(name, *arguments, {}), (name, *arguments, {"loss": 1})]
    listed.on_batch_begin(1)
    listed.on_batch_end(1)
    assert [entry[0] for entry in first[-2:]] == ["on_train_batch_begin", "on_train_batch_end"]
    assert first == second


def test_callbacks_may_add_to_the_logs():
    class Adds(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["extra"] = epoch

    listed = CallbackList([Adds()], add_history=True)
    listed.on_train_begin()
    listed.on_epoch_end(2, {"loss": 1})
    assert listed.history.history == {"loss": [1], "extra": [2]}


def test_history_and_bar_are_added_once_and_last():
    listed = CallbackList([Callback()], add_history=True, add_progbar=True, verbose=1, epochs=1, steps=1)
    assert [type(c) for c in listed.callbacks] == [Callback, History, ProgbarLogger]
    own = [ProgbarLogger(), History()]
    assert CallbackList(own, add_history=True, add_progbar=True).callbacks == own


def test_model_and_params_reach_all():
    model, callback = types.SimpleNamespace(), Callback()
    listed = CallbackList(callback, model=model, epochs=3)
    assert (callback.model, callback.params) == (model, {"epochs": 3})
    listed.set_params({"epochs": 4})
    assert callback.params == listed.params == {"epochs": 4}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wanted_when_nobody_listens(kind):
    listed = CallbackList([Callback()], add_history=True, add_progbar=True, verbose=0, epochs=1, steps=4)
    assert not getattr(listed, f"wants_{kind}_batches")
    assert not getattr(listed, f"wants_{kind}_batch_begin")
    assert not getattr(listed, f"{kind}_batch_due")(0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_hook_is_called_for_every_batch(kind):
    listed = CallbackList()
    listed.append(Recorder([]))
    assert getattr(listed, f"wants_{kind}_batches")
    assert getattr(listed, f"wants_{kind}_batch_begin")
    assert all(getattr(listed, f"{kind}_batch_due")(step) for step in range(3))


def test_old_batch_hooks_count_and_so_do_attributes():
    class Old(Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append(batch)

    seen = []
    listed = CallbackList([Old()])
    assert listed.wants_train_batches
    assert not listed.wants_train_batch_begin
    listed.on_train_batch_end(7, {})
    patched = Callback()
    patched.on_test_batch_end = lambda batch, logs: seen.append(-batch)
    listed = CallbackList([patched])
    assert listed.wants_test_batches
    listed.on_test_batch_end(8, {})
    assert seen == [7, -8]


def test_what_is_no_callback_is_refused():
    with pytest.raises(TypeError, match=r"got the class History; write History\(...\)"):
        CallbackList([History])
    with pytest.raises(TypeError, match="expects Callback objects, got .* wrap a function: LambdaCallback"):
        CallbackList([print])


def test_a_silent_step_makes_few_python_calls(python_calls):
    listed = CallbackList(add_history=True, add_progbar=True, verbose=0, epochs=1, steps=100)

    def step():
        if listed.wants_train_batch_begin:
            listed.on_train_batch_begin(0)
        if listed.wants_train_batches and listed.train_batch_due(0):
            listed.on_train_batch_end(0, {})

    assert python_calls(step) == 1  # `step` itself
