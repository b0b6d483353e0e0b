"""`keras.backend`: CTC, the loss and the reading of label sequences; the last class is the blank."""

from kx_tensor import config, ops

__all__ = ["ctc_batch_cost", "ctc_decode", "ctc_label_dense_to_sparse"]


def ctc_batch_cost(y_true, y_pred, input_length, label_length):
    """Return -log of the probability that the steps of y_pred spell y_true, in the shape (batch, 1).

    Shapes: labels (batch, labels), probabilities (batch, steps, classes), lengths (batch, 1).

    >>> ctc_batch_cost([[0]], [[[0.5, 0.5], [0.5, 0.5]]], [[2]], [[1]]).numpy().round(4)
    array([[0.2877]], dtype=float32)
    """
    y_pred = ops.log(ops.add(y_pred, config.epsilon()))
    lengths = [ops.cast(ops.squeeze(n, -1), "int32") for n in (label_length, input_length)]
    loss = ops.ctc_loss(ops.cast(y_true, "int32"), y_pred, *lengths, mask_index=y_pred.shape[-1] - 1)
    return ops.expand_dims(loss, 1)


def ctc_decode(y_pred, input_length, greedy=True, beam_width=100, top_paths=1):
    """Return (a list of the best `top_paths` label sequences, filled up with -1; their scores) of probabilities.

    The score of the greedy way is minus the sum of the logarithms of the probabilities taken, that of a beam search the
    logarithm of the probability, as in `ops.ctc_decode`. The beam search shows runs of a label as one, as Keras 2 does.

    >>> labels, scores = ctc_decode([[[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]]], [3])
    >>> labels[0].numpy()
    array([[ 0,  0, -1]])
    """
    y_pred = ops.log(ops.add(y_pred, config.epsilon()))
    lengths, blank = ops.cast(input_length, "int32"), y_pred.shape[-1] - 1
    if greedy:
        labels, scores = ops.ctc_decode(y_pred, lengths, mask_index=blank)
    else:
        labels, scores = ops.ctc_decode(
            y_pred, lengths, "beam_search", beam_width, top_paths, mask_index=blank
        )
        labels = _without_runs(labels)
    return [ops.cast(path, "int64") for path in ops.unstack(labels)], scores


def _without_runs(labels):
    changes = ops.not_equal(labels[..., 1:], labels[..., :-1])
    changes = ops.concatenate([ops.ones_like(labels[..., :1], dtype="bool"), changes], axis=-1)
    order = ops.argsort(ops.cast(ops.logical_not(changes), "int32"), axis=-1)
    return ops.take_along_axis(ops.where(changes, labels, -1), order, axis=-1)


def ctc_label_dense_to_sparse(labels, label_lengths):
    """Raise NotImplementedError: kx has no sparse tensors.

    >>> ctc_label_dense_to_sparse(None, None)
    Traceback (most recent call last):
    NotImplementedError: kx has no sparse tensors.
    """
    raise NotImplementedError("kx has no sparse tensors.")
