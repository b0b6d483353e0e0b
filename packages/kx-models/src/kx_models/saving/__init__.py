"""Saving and loading models and weights, in the files of Keras."""
