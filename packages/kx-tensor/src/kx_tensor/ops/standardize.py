"""What layer, RMS and group normalization share: (x - mean) / sqrt(variance + epsilon) over axes, and its gradient."""

import math

from kx_tensor.ops.arithmetic import add, multiply, subtract
from kx_tensor.ops.reduce import mean
from kx_tensor.ops.unary import rsqrt, square


def standardized_twin(x, axes, epsilon, centre=True):
    """Standardize a tensor over `axes`; without `centre` it is x / sqrt(mean x^2 + epsilon)."""
    if centre:
        x = subtract(x, mean(x, axis=axes, keepdims=True))
    return multiply(x, rsqrt(add(mean(square(x), axis=axes, keepdims=True), epsilon)))


def standardize(xp, x, axes, epsilon, centre=True):
    """Standardize a raw array and return (a fresh array, (mean or None, 1 / deviation)), both of which broadcast."""
    count = max(math.prod([x.shape[i] for i in axes]), 1)
    average = None
    if centre:
        average = xp.sum(x, axis=axes, keepdims=True) / count
        x = x - average
    inverse = 1.0 / xp.sqrt(xp.sum(xp.square(x), axis=axes, keepdims=True) / count + epsilon)
    return x * inverse, (average, inverse)


def standardize_again(x, saved):
    """The standardized x, from what `standardize` found."""
    average, inverse = saved
    return (x if average is None else x - average) * inverse


def through_standardize(xp, g, standard, saved, axes):
    """The gradient of x from `g`, that of the standardized x: what would move the moments is taken out of g."""
    average, inverse = saved
    count = max(math.prod([standard.shape[i] for i in axes]), 1)
    out = g - standard * (xp.sum(g * standard, axis=axes, keepdims=True) / count)
    if average is not None:
        out -= xp.sum(g, axis=axes, keepdims=True) / count
    out *= inverse
    return out
