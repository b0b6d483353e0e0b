"""The loss of label sequences whose places in time are not known."""

from kx_losses.declare import declare
from kx_tensor import ops


@declare(loss="CTC", metric=False, integer_labels=True)
def ctc(y_true, y_pred):
    """-log of the probability that the steps of y_pred, logits, spell the labels y_true; class 0 is the blank.

    Labels end at the count of those that are not 0; all steps count. `ops.ctc_loss` also takes lengths.
    Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf
    Shapes: labels (batch, labels), y_pred (batch, steps, classes) -> (batch,). Raises ValueError for other shapes.

    >>> ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]]).numpy().round(4)
    array([0.2877], dtype=float32)
    """
    y_true, y_pred = ops.cast(y_true, "int32"), ops.convert_to_tensor(y_pred)
    if len(y_true.shape) != 2:
        raise ValueError(
            f"ctc: labels y_true of shape (batch, labels) are expected, filled up with 0, got shape {y_true.shape}."
        )
    if len(y_pred.shape) != 3:
        raise ValueError(
            f"ctc: logits y_pred of shape (batch, steps, classes) are expected, got {y_pred.shape}."
        )
    lengths = ops.count_nonzero(y_true, axis=1)
    steps = ops.zeros_like(lengths) + y_pred.shape[1]
    return ops.ctc_loss(y_true, y_pred, lengths, steps)


CTC = ctc.loss_class
