"""Captured computations: the same bits as the eager ones, and what can't be captured is refused."""

import weakref

import numpy as np
import pytest

from kx_tensor import Tensor, Variable, ops, random
from kx_tensor.backward import backward
from kx_tensor.capture import CaptureRefused, Recorder, constant, effect, recording


def captured(function, arrays, variables=()):
    """(the results of `function` on tensors of these arrays, the program of it)."""
    recorder = Recorder(arrays, [v.data for v in variables])
    with recording(recorder):
        outs = function(*map(Tensor, arrays))
    return outs, recorder.finish([o.data if isinstance(o, Tensor) else o for o in outs])


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def two_layers(w, b):
    """Loss and gradients of two layers, with broadcasting, a weight used twice and a cast on the way."""

    def run(x, y):
        h = ops.tanh(ops.add(ops.matmul(x, w), b))
        h = ops.concatenate([h, ops.multiply(h, 2.0)], axis=-1)
        out = ops.matmul(ops.split(h, 2, axis=-1)[0], w)
        loss = ops.mean(ops.square(ops.subtract(out, ops.cast(y, "float32"))))
        found = backward([loss.node], [constant(np.float32(1))])
        return loss, found[w.node], found[b.node]

    return run


def test_the_program_gives_the_bits_of_the_eager_run_on_new_inputs():
    w, b = Variable(draw(3, 3)), Variable(draw(3))
    run = two_layers(w, b)
    _, program = captured(run, [draw(4, 3, seed=1), draw(4, 3, seed=2).astype("float64")], [w, b])
    x, y = draw(4, 3, seed=3), draw(4, 3, seed=4).astype("float64")
    eager = run(Tensor(x), Tensor(y))
    for mine, its in zip(program(x, y), eager, strict=True):
        np.testing.assert_array_equal(mine, its.data if isinstance(its, Tensor) else its)


def test_variables_are_read_when_the_program_runs():
    w = Variable(draw(3, 2))
    _, program = captured(lambda x: [ops.matmul(x, w)], [draw(4, 3)], [w])
    w.assign(np.ones((3, 2), "float32"))
    x = draw(4, 3, seed=1)
    np.testing.assert_array_equal(program(x)[0], x @ np.ones((3, 2), "float32"))


def test_random_draws_go_on():
    generator = random.SeedGenerator(3)
    run = lambda x: [random.dropout(x, 0.5, seed=generator)]
    x = np.ones((6, 7), "float32")
    _, program = captured(run, [x])
    masks = [program(x)[0].tobytes() for _ in range(3)]
    again = random.SeedGenerator(3)
    again.draw()
    assert masks == [random.dropout(Tensor(x), 0.5, seed=again).numpy().tobytes() for _ in range(3)]
    assert generator.state.numpy().tolist() == [3, 4]


def test_assignments_and_effects_happen_again():
    total, seen = Variable(np.zeros(3, "float32"), trainable=False), np.zeros(3, "float32")

    def run(x):
        total.assign_add(x)
        effect(np.add, seen, x.data, seen)
        return [x]

    _, program = captured(run, [np.ones(3, "float32")], [total])
    program(np.full(3, 5, "float32"))
    np.testing.assert_array_equal(total.numpy(), np.full(3, 6))
    np.testing.assert_array_equal(seen, np.full(3, 6))


def test_arrays_from_elsewhere_are_refused():
    with pytest.raises(CaptureRefused, match=r"shape \(3,\) came from outside"):
        captured(lambda x: [ops.add(x, Tensor(x.numpy() * 2))], [draw(3)])


def test_captures_that_depend_on_a_value_differ():
    run = lambda x: [ops.multiply(x, float(x.numpy().sum()))]
    programs = [captured(run, [draw(3, seed=seed)])[1] for seed in (0, 1)]
    assert not programs[0].same_as(programs[1])
    assert programs[0].same_as(captured(run, [draw(3)])[1])


def test_arrays_are_let_go_after_their_last_use():
    _, program = captured(lambda x: [ops.sum(ops.exp(ops.negative(x)))], [draw(4)])
    lines = program.source.splitlines()
    for name in ("x0", "v0", "v1"):
        last_read = max(i for i, line in enumerate(lines) if name in line.partition("=")[2])
        assert any(name in line and line.endswith("= None") for line in lines[last_read + 1 : last_read + 2])


def test_nothing_is_recorded_outside_the_block():
    recorder = Recorder([], [])
    with recording(recorder):
        pass
    ops.exp(Tensor(draw(2)))
    assert recorder.finish([]).source == "def program():\n    return []"


def test_a_capture_keeps_no_result_alive():
    x = draw(4)
    recorder = Recorder([x], [])
    between = recorder.call(np.add, x, 1.0)
    out = recorder.call(np.multiply, between, 2.0)
    freed = weakref.ref(between)
    del between
    assert freed() is None
    np.testing.assert_array_equal(recorder.finish(out)(x), (x + np.float32(1)) * 2)
