"""Keyword arguments of `compile`, `fit` and their kin: old spellings, and errors for misspelt ones."""

import functools
import inspect

from kx_io.names import nearest


def takes_old(function):
    """Let a method of models take the arguments of Keras 1 and 2, by the names that they have today."""
    takes = frozenset(inspect.signature(function).parameters)

    @functools.wraps(function)
    def method(self, *args, **kwargs):
        if not kwargs.keys() <= takes:
            from kx_io.spellings import modern_arguments  # new code never loads the tables

            kwargs = modern_arguments(f"Model.{function.__name__}", kwargs)
        return function(self, *args, **kwargs)

    return method


def modern_model_arguments(arguments):
    """Return the arguments of `Model(input=..., output=...)` by the names that they have today."""
    from kx_io.spellings import modern_arguments  # new code never loads the tables

    return modern_arguments("Model", arguments)


def say(text):
    """Warn of an old spelling, at the line of the user's that has it."""
    from kx_io.spellings import note  # new code never loads the tables

    note(text)


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
