"""Record how the convolutional LSTMs of real Keras behave, for packages/kx-layers/tests/test_rnn_golden.py.

Run it where Keras 3.15.1, PyTorch and JAX are installed; the cases are those of rnn.py:

    KERAS_BACKEND=torch python tools/record/conv_lstm.py packages/kx-layers/tests/golden/conv_lstm.npz
"""

import sys

from rnn import ALL, record, row

CASES = [
    row("ConvLSTM1D(2, 2)", "2,3,4,1"),
    row(f"ConvLSTM1D(2, 3, padding='same', strides=2, {ALL})", "2,3,5,2", mask="right", symbolic=(None, 3)),
    row("ConvLSTM1D(2, 2, dilation_rate=2, data_format='channels_first', return_sequences=True)", "2,2,2,5"),
    row(f"ConvLSTM1D(1, 2, stateful=True, padding='same', {ALL})", "2,3,3,1", symbolic=(2, None), calls=3),
    row("ConvLSTM2D(2, (2, 3))", "2,3,3,4,2"),
    row("ConvLSTM2D(2, 2, return_sequences=True, go_backwards=True)", "2,3,3,3,1", mask="left"),
    row(
        f"ConvLSTM2D(2, 2, strides=(1, 2), padding='same', {ALL})",
        "3,3,2,3,2",
        mask="random",
        states=[(2, 2, 2)] * 2,
    ),
    row(
        "ConvLSTM2D(2, 2, data_format='channels_first', return_state=True, use_bias=False)",
        "2,3,2,3,3",
        states=[(2, 2, 2)] * 2,
    ),
    row(
        "ConvLSTM2D(1, 2, dilation_rate=(1, 2), padding='same', activation='relu',"
        " recurrent_activation='hard_sigmoid')",
        "2,3,3,4,1",
    ),
    row(
        "ConvLSTM2D(1, 2, unit_forget_bias=False, kernel_regularizer='l2', activity_regularizer='l1',"
        " bias_constraint='non_neg', zero_output_for_mask=True, return_sequences=True)",
        "2,3,2,2,1",
        mask="random",
    ),
    row("ConvLSTM2D(1, 2, dropout=0.2, recurrent_dropout=0.3, seed=3)", "2,2,3,3,1"),
    row("ConvLSTM3D(1, 2, return_sequences=True)", "1,2,2,3,3,1"),
    row(
        f"ConvLSTM3D(1, (1, 2, 2), padding='same', data_format='channels_first', {ALL})",
        "2,2,1,2,2,2",
        mask="right",
    ),
    row("TimeDistributed(ConvLSTM1D(1, 2, name='a'))", "2,2,2,3,1", symbolic=(None, 2)),
]

FAILURES = [
    ("ConvLSTM2D(3, 2, strides=2, dilation_rate=2)", []),
    ("ConvLSTM2D(3, 2, padding='causal')", []),
    ("ConvLSTM2D(3, (1, 2, 3))", []),
    ("ConvLSTM2D(3, 2, data_format='last')", []),
    ("ConvLSTM2D(3)", []),
    ("ConvLSTM2D(3, 2)", [(2, 3, 4, 4)]),
    ("ConvLSTM2D(3, 2)", [(2, 3, 4, 4, 1), (2, 3, 4, 4, 2)]),
    ("ConvLSTM2D(3, 2)", [(2, 3, 4, 4, 1), (2, 3, 5, 4, 1)]),
    ("ConvLSTM2D(3, 5)", [(2, 3, 4, 4, 1)]),
    ("ConvLSTM2D(3, 2, stateful=True)", [(2, 3, 4, 4, 1), (3, 3, 4, 4, 1)]),
]

if __name__ == "__main__":
    record(sys.argv[1], CASES, FAILURES)
