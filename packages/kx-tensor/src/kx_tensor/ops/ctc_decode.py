"""Reading labels out of the scores of a network trained with `ctc_loss`: the best step by step, or a beam search."""

import numpy as np

from kx_tensor.ops.activation import log_softmax
from kx_tensor.ops.arithmetic import negative
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import less, logical_and, logical_not, not_equal
from kx_tensor.ops.creation import ones_like
from kx_tensor.ops.cumulate import cumsum
from kx_tensor.ops.indexes import take_along_axis
from kx_tensor.ops.join import concatenate
from kx_tensor.ops.reduce import argmax, max, sum
from kx_tensor.ops.select import where
from kx_tensor.ops.shape import expand_dims
from kx_tensor.ops.sort import argsort
from kx_tensor.symbolic import KerasTensor, record_call


def ctc_decode(
    inputs,
    sequence_lengths,
    strategy="greedy",
    beam_width=100,
    top_paths=1,
    merge_repeated=True,
    mask_index=0,
):
    """Return labels and scores: what `inputs`, scores of the classes at each step, spell without blanks (`mask_index`).

    "greedy" takes the best class of each step and, with `merge_repeated`, makes one of each run; its score is minus the
    sum of the inputs taken. "beam_search" adds up all ways to spell a text, keeps the `beam_width` most likely
    texts after each step, and gives the best `top_paths` with the logarithms of their probabilities, with
    softmax(inputs) as the probabilities of the steps. It runs on the CPU.
    Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf

    Shapes: inputs (batch, steps, classes), sequence_lengths (batch,) -> labels (paths, batch, steps), filled up with
    -1, and scores (batch, paths); "greedy" gives one path.

    >>> scores = [[[0.0, 9.0, 1.0], [0.0, 9.0, 1.0], [9.0, 0.0, 1.0], [1.0, 0.0, 9.0]]]
    >>> labels, _ = ctc_decode(scores, [4])
    >>> labels.numpy()
    array([[[ 1,  2, -1, -1]]], dtype=int32)
    """
    if strategy == "greedy":
        return _greedy(inputs, sequence_lengths, merge_repeated, mask_index)
    if strategy != "beam_search":
        raise ValueError(f"Invalid strategy {strategy}. Supported values are 'greedy' and 'beam_search'.")
    if top_paths > beam_width:
        raise ValueError(f"ctc_decode: top_paths={top_paths} can't be more than beam_width={beam_width}.")
    if isinstance(inputs, KerasTensor) or isinstance(sequence_lengths, KerasTensor):
        batch, steps, _ = inputs.shape
        specs = [((top_paths, batch, steps), "int32"), ((batch, top_paths), "float32")]
        keywords = {
            "strategy": strategy,
            "beam_width": beam_width,
            "top_paths": top_paths,
            "mask_index": mask_index,
        }
        return record_call(ctc_decode, (inputs, sequence_lengths), keywords, specs)
    inputs = convert_to_tensor(inputs)
    scores = log_softmax(cast(inputs, "float32")).numpy()
    batch, steps, _ = scores.shape
    labels, logs = (
        np.full((top_paths, batch, steps), -1, "int32"),
        np.full((batch, top_paths), -np.inf, "float32"),
    )
    for row, length in enumerate(convert_to_tensor(sequence_lengths).numpy()):
        for place, (text, log) in enumerate(_search(scores[row, :length], beam_width, top_paths, mask_index)):
            labels[place, row, : len(text)] = text
            logs[row, place] = log
    return convert_to_tensor(labels), convert_to_tensor(logs)


def _greedy(inputs, lengths, merge_repeated, mask_index):
    inputs, lengths = (x if isinstance(x, KerasTensor) else convert_to_tensor(x) for x in (inputs, lengths))
    best = argmax(inputs, axis=-1)
    steps = cumsum(ones_like(best), axis=1) - 1
    counts = less(steps, cast(expand_dims(lengths, 1), "int32"))
    shown = logical_and(counts, not_equal(best, mask_index))
    if merge_repeated:
        first = ones_like(best[:, :1])
        changes = concatenate([first, cast(not_equal(best[:, 1:], best[:, :-1]), "int32")], axis=1)
        shown = logical_and(shown, cast(changes, "bool"))
    order = argsort(
        cast(logical_not(shown), "int32"), axis=1
    )  # the labels shown to the front, in their order
    labels = take_along_axis(where(shown, best, -1), order, axis=1)
    scores = where(counts, cast(max(inputs, axis=-1), "float32"), 0.0)
    return expand_dims(labels, 0), negative(sum(scores, axis=1, keepdims=True))


def _search(scores, width, top, blank):
    """The best texts with the logarithms of their probabilities, best first; `scores` (steps, classes) of one row.

    For each text: the probability that it has been spelled with a blank at the end, and without.
    """
    texts, with_blank, without = [()], np.zeros(1), np.full(1, -np.inf)
    for row in scores.astype("float64"):
        total = np.logaddexp(with_blank, without)
        last = np.array([text[-1] if text else blank for text in texts])
        some = np.array([bool(text) for text in texts])
        longer = total[:, None] + row
        longer[some, last[some]] = with_blank[some] + row[last[some]]  # a label again, after a blank
        longer[:, blank] = -np.inf
        same = np.where(some, without + row[last], -np.inf)
        places = {text: i for i, text in enumerate(texts)}
        for i, text in enumerate(texts):
            parent = places.get(text[:-1]) if text else None
            if parent is not None:  # a text of the beam that is another one and a label
                same[i] = np.logaddexp(same[i], longer[parent, text[-1]])
                longer[parent, text[-1]] = -np.inf
        stays = total + row[blank]
        candidates = np.concatenate([np.logaddexp(stays, same), longer.ravel()])
        order = np.argsort(-candidates, kind="stable")[:width]
        order = order[candidates[order] > -np.inf]
        old, new = order[order < len(texts)], order[order >= len(texts)] - len(texts)
        parents, labels = np.divmod(new, scores.shape[1])
        texts = [texts[i] for i in old] + [(*texts[i], int(c)) for i, c in zip(parents, labels)]
        with_blank = np.concatenate([stays[old], np.full(len(new), -np.inf)])
        without = np.concatenate([same[old], longer[parents, labels]])
    total = np.logaddexp(with_blank, without)
    return [(texts[i], total[i]) for i in np.argsort(-total, kind="stable")[:top]]
