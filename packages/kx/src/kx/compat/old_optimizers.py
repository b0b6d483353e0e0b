"""Optimizers by the lower-case names that Keras 2 had for them beside those of the classes."""

from kx import optimizers

adadelta, adagrad, adam, adamax = (
    optimizers.Adadelta,
    optimizers.Adagrad,
    optimizers.Adam,
    optimizers.Adamax,
)
nadam, rmsprop, sgd = optimizers.Nadam, optimizers.RMSprop, optimizers.SGD
