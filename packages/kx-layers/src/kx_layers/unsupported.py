"""Arguments of Keras whose features kx does not have: their only value is None, never silently ignored."""

from kx_io import Check


def only_none(feature):
    """Accept None, with words that name the missing feature.

    >>> only_none("LoRA").expected
    'None: LoRA is not available in kx layers'
    """
    return Check(lambda value: value is None, f"None: {feature} is not available in kx layers")


def only_false(feature):
    """Accept False, with words that name the missing feature.

    >>> only_false("sparse output").expected
    'False: sparse output is not available in kx layers, which are dense'
    """
    return Check(
        lambda value: value is False, f"False: {feature} is not available in kx layers, which are dense"
    )
