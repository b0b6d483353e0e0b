"""The progress bar in a terminal, a log file and a notebook; time stands still unless the test moves it."""

import io
import json
import pathlib
import re
import sys
import types

import pytest

from kx_models import progress
from kx_models.callbacks import CallbackList
from kx_models.progress import Progbar

RECORD = json.loads((pathlib.Path(__file__).parent / "golden/callbacks.json").read_text())
ESCAPES = re.compile(r"\x1b\[\d*m")


class Screen:
    """What a terminal received."""

    def __init__(self, capsys):
        self.capsys = capsys
        self.text = ""

    def written(self):
        self.text += self.capsys.readouterr().out
        return self.text

    def drawn(self):
        """The states of the line, one after the other, without colours."""
        return [part.rstrip() for part in ESCAPES.sub("", self.written()).split("\r")[1:]]


@pytest.fixture
def clock(monkeypatch):
    now = types.SimpleNamespace(time=1000.0)
    monkeypatch.setattr(Progbar, "_clock", staticmethod(lambda: now.time))
    return now


@pytest.fixture
def terminal(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Screen(capsys)


def fit(clock, steps, epochs=2, pace=0.25, logs=None, known=True, verbose=1):
    """Go through the hooks as a training loop does."""
    listed = CallbackList(add_progbar=True, verbose=verbose, epochs=epochs, steps=steps if known else None)
    listed.on_train_begin()
    for epoch in range(epochs):
        listed.on_epoch_begin(epoch)
        for step in range(steps):
            clock.time += pace
            if listed.wants_train_batches and listed.train_batch_due(step):
                listed.on_train_batch_end(step, logs or {"loss": 1 / (step + 1)})
        listed.on_epoch_end(epoch, logs or {"loss": 0.125})
    listed.on_train_end()


@pytest.mark.parametrize("case", RECORD["progbar"], ids=lambda case: f"{case['steps']}x{case['pace']}")
def test_one_line_as_keras(case, clock, capsys):
    bar = Progbar(case["steps"], verbose=2)
    for i in range(case["steps"]):
        clock.time += case["pace"]
        bar.due(i + 1)
        bar.update(i + 1, case["values"])
    assert capsys.readouterr().out == case["printed"]


def test_bar_of_two_epochs(clock, terminal):
    fit(clock, 4)
    assert (
        terminal.drawn()
        == [
            "1/4 ━━━━━━━━━━━━━━━━━━━━ 0s 250ms/step - loss: 1.0000",
            "2/4 ━━━━━━━━━━━━━━━━━━━━ 0s 250ms/step - loss: 0.5000",
            "3/4 ━━━━━━━━━━━━━━━━━━━━ 0s 250ms/step - loss: 0.3333",
            "4/4 ━━━━━━━━━━━━━━━━━━━━ 0s 250ms/step - loss: 0.2500",
            "4/4 ━━━━━━━━━━━━━━━━━━━━ 1s 250ms/step - loss: 0.1250\nEpoch 2/2",
        ]
        + terminal.drawn()[5:]
    )
    assert len(terminal.drawn()) == 10
    assert terminal.written().startswith("Epoch 1/2\n")
    assert "\x1b[32m━━━━━\x1b[0m\x1b[37m━━━━━━━━━━━━━━━\x1b[0m" in terminal.written()


def test_redraws_are_limited_to_ten_a_second(clock, terminal):
    fit(clock, 1000, epochs=1, pace=0.001)
    assert 9 <= len(terminal.drawn()) <= 12
    assert terminal.drawn()[-1].startswith("1000/1000 ")


def test_unknown_number_of_steps(clock, terminal):
    fit(clock, 3, epochs=1, known=False)
    assert terminal.drawn()[1] == "      2/Unknown 0s 250ms/step - loss: 0.5000"
    assert terminal.drawn()[-1] == "3/3 ━━━━━━━━━━━━━━━━━━━━ 1s 250ms/step - loss: 0.1250"
    assert not terminal.written().startswith("Epoch")


def test_no_colour_shows_what_is_left_by_shape(clock, terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    fit(clock, 4, epochs=1)
    assert "\x1b" not in terminal.written()
    assert terminal.drawn()[0].startswith("1/4 ━━━━━───────────────")


def test_stream_that_knows_only_ascii(clock, terminal):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    bar = Progbar(4)
    bar._writer = progress._TerminalWriter(stream)
    bar.update(1)
    stream.seek(0)
    assert "1/4\x1b[0m \x1b[32m=====\x1b[0m\x1b[37m...............\x1b[0m" in stream.read()


@pytest.mark.parametrize("columns", [30, 60, 80])
def test_a_line_never_wraps_before_the_last(clock, terminal, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    logs = {"loss": 0.5, "a_long_metric_name": 0.25, "val_loss": 0.5}
    fit(clock, 4, epochs=1, logs=logs)
    *during, last = terminal.drawn()
    assert max(len(line) for line in during) < columns
    assert "val_loss: 0.5000" in last


def test_log_file_gets_one_line_per_epoch(clock, capsys):
    fit(clock, 4)
    assert capsys.readouterr().out == (
        "Epoch 1/2 - 4/4 - 1s - 250ms/step - loss: 0.1250\nEpoch 2/2 - 4/4 - 1s - 250ms/step - loss: 0.1250\n"
    )


def test_verbose_two_and_zero(clock, capsys):
    fit(clock, 4, epochs=2, verbose=2)
    assert capsys.readouterr().out == (
        "Epoch 1/2\n4/4 - 1s - 250ms/step - loss: 0.1250\nEpoch 2/2\n4/4 - 1s - 250ms/step - loss: 0.1250\n"
    )
    fit(clock, 4, verbose=0)
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="verbose expects 0 .* got 'loud'"):
        Progbar(3, verbose="loud")


def test_notebook_replaces_one_output(clock, monkeypatch, capsys):
    shown = []
    handle = types.SimpleNamespace(update=lambda data, raw: shown.append(("update", data)))

    def display(data, raw, display_id):
        shown.append(("display", data))
        return handle

    shell = types.SimpleNamespace(kernel=object())
    ipython = types.SimpleNamespace(get_ipython=lambda: shell, display=types.SimpleNamespace(display=display))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    fit(clock, 4, epochs=1, logs={"a<b": 0.5})
    assert [kind for kind, _ in shown] == ["display", "update", "update", "update", "update"]
    assert shown[0][1]["text/plain"] == "1/4 ━━━━━─────────────── 0s 250ms/step - a<b: 0.5000"
    assert "a&lt;b: 0.5000" in shown[0][1]["text/html"]
    assert capsys.readouterr().out == ""
    del shell.kernel  # an IPython prompt in a terminal or a script is no notebook
    assert progress._kernel_shell() is None


def test_values_are_averaged_by_units_unless_stateful(clock, capsys):
    bar = Progbar(4, verbose=2, stateful_metrics=["last"])
    bar.add(3, [("mean", 1.0), ("last", 1.0)])
    bar.add(1, [("mean", 5.0), ("last", 5.0)])
    assert "mean: 2.0000 - last: 5.0000" in capsys.readouterr().out
    bar = Progbar(2, verbose=2, stateless_metrics=["mean"])
    bar.add(1, [("mean", 1.0), ("last", 1.0)])
    bar.add(1, [("mean", 2.0), ("last", 2.0)])
    assert "mean: 1.5000 - last: 2.0000" in capsys.readouterr().out


def test_own_units_and_width(clock, terminal):
    bar = Progbar(2, width=5, unit_name="image")
    clock.time += 2.0
    bar.update(1)
    clock.time += 70.0
    bar.update(2)
    assert terminal.drawn() == ["1/2 ━━━━━ 2s 2s/image", "2/2 ━━━━━ 72s 70s/image"]


def test_the_first_step_does_not_spoil_the_pace(clock, terminal):
    bar = Progbar(100)
    clock.time += 30.0
    bar.update(1)
    clock.time += 1.0
    bar.update(2)
    assert terminal.drawn()[1].endswith("1:38 1s/step")


def test_validation_is_not_drawn_but_evaluation_is(clock, terminal):
    listed = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=2)
    listed.on_train_begin()
    listed.on_epoch_begin(0)
    before = terminal.written()
    listed.on_test_begin()
    assert not listed.test_batch_due(0)
    listed.on_test_batch_end(0, {"loss": 1})
    listed.on_test_end({"loss": 1})
    assert terminal.written() == before
    listed.on_epoch_end(0, {"loss": 1})
    listed.on_train_end()
    listed.on_test_begin()
    assert listed.test_batch_due(0)
    listed.on_test_batch_end(0, {"loss": 2})
    listed.on_test_end({"loss": 2})
    assert "loss: 2.0000" in terminal.drawn()[-1]


def test_a_run_that_stops_early_shows_how_far_it_came(clock, terminal):
    listed = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=10)
    listed.on_train_begin()
    listed.on_epoch_begin(0)
    for step in range(3):
        clock.time += 1.0
        assert listed.train_batch_due(step)
        listed.on_train_batch_end(step, {"loss": 1})
    listed.on_epoch_end(0, {"loss": 1})
    assert terminal.drawn()[-1].startswith(" 3/10 ") or terminal.drawn()[-1].startswith("3/10 ")


def test_outputs_of_predict_are_not_shown(clock, terminal):
    listed = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=1)
    listed.on_predict_begin()
    clock.time += 0.25
    assert listed.predict_batch_due(0)
    listed.on_predict_batch_end(0, {"outputs": [1, 2]})
    listed.on_predict_end()
    assert terminal.drawn()[-1] == "1/1 ━━━━━━━━━━━━━━━━━━━━ 0s 250ms/step"
