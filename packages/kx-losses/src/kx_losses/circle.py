"""The circle loss: metric learning from integer labels."""

from kx_losses.alignment import as_float
from kx_losses.declare import declare
from kx_tensor import ops


@declare(fields={"gamma": 80.0, "margin": 0.4, "remove_diagonal": True}, integer_labels=True)
def circle(y_true, y_pred, ref_labels=None, ref_embeddings=None, remove_diagonal=True, gamma=80, margin=0.4):
    """log(1 + sum over pairs of exp(gamma a_n (s_n - m)) exp(-gamma a_p (s_p - (1 - m)))), a value for each sample.

    s_p and s_n are its cosine similarities with samples of the same and of other labels, m the margin, and
    a_p = max(1 + m - s_p, 0), a_n = max(m + s_n, 0) weights through which gradients do flow. With `remove_diagonal`
    a sample is no pair with the reference of its own number. Samples without pairs of both kinds give about 0, and the
    values carry a mask that leaves them out of a mean. Shapes: labels (batch,), embeddings of unit length (batch, d) ->
    (batch,); references default to the batch itself.
    Sun et al. 2020, https://arxiv.org/abs/2002.10857

    >>> circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).numpy().round(2)
    array([0., 0., 0.], dtype=float32)
    """
    y_pred = as_float(y_pred)
    labels = _column("y_true", y_true)
    others = labels if ref_labels is None else _column("ref_labels", ref_labels)
    references = y_pred if ref_embeddings is None else ops.cast(ref_embeddings, y_pred.dtype)
    similarity = ops.matmul(y_pred, ops.transpose(references))  # (batch, references)
    same = ops.equal(labels, ops.transpose(others))
    different = ops.logical_not(same)
    if remove_diagonal:
        same = ops.logical_and(same, ops.logical_not(ops.eye(*similarity.shape, dtype="bool")))
    near = ops.relu(1.0 + margin - similarity) * (1.0 - margin - similarity)
    far = ops.relu(similarity + margin) * (similarity - margin)
    values = ops.softplus(_log_sum_exp(gamma * near, same) + _log_sum_exp(gamma * far, different))
    values._keras_mask = ops.logical_and(ops.any(same, axis=1), ops.any(different, axis=1))
    return values


def _column(name, labels):
    labels = ops.convert_to_tensor(labels)
    if len(labels.shape) == 2 and labels.shape[1] == 1:
        return labels
    if len(labels.shape) != 1:
        raise ValueError(f"circle: {name} must have shape (batch,) or (batch, 1), got {labels.shape}.")
    return ops.expand_dims(labels, -1)


def _log_sum_exp(x, keep):
    """log(sum(exp(x))) over the pairs kept: about -inf for a sample that has none."""
    return ops.logsumexp(ops.where(keep, x, -1e9), axis=1)


# ---- the class -----------------------------------------------------------------------------------------------

Circle = circle.loss_class
