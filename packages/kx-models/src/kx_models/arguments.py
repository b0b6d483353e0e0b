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
