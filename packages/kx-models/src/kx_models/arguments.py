"""Errors for misspelt keyword arguments of `compile`, `fit` and their kin."""

import inspect

from kx_io.names import nearest


def unknown_arguments(name, given, function):
    """Return the TypeError for keyword arguments that `function` does not take, with the nearest that it does.

    >>> def fit(x, epochs=1): ...
    >>> print(unknown_arguments("fit", {"apochs": 10}, fit))
    fit() got an unexpected keyword argument 'apochs'. Did you mean 'epochs'? It takes: x, epochs.
    """
    takes = [
        n
        for n, p in inspect.signature(function).parameters.items()
        if n != "self" and p.kind is not p.VAR_KEYWORD
    ]
    wrong = next(iter(given))
    return TypeError(
        f"{name}() got an unexpected keyword argument {wrong!r}.{nearest(wrong, takes)} It takes: {', '.join(takes)}."
    )


def without_old_arguments(name, given, function):
    """Check that arguments left over are ones of Keras 1 or 2 that have no meaning any more, with a warning.

    Raises TypeError for others.

    >>> def TensorBoard(log_dir="logs"): ...
    >>> without_old_arguments("TensorBoard", {}, TensorBoard)
    """
    if given:
        from kx_io.spellings import modern_arguments  # new code never loads the tables

        left = modern_arguments(name, given)
        if left:
            raise unknown_arguments(name, left, function)
