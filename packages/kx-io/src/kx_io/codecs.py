"""How values that are neither JSON nor Keras objects are written: a table that other packages extend."""

_encoders: dict = {}  # "module.qualname" of a type -> function(value) -> plain value
_decoders: dict = {}  # class_name in the file -> function(config) -> value


def encoder(type_name, encode):
    """Write values of the type `type_name` ("numpy.ndarray"), and of its subclasses, as `encode(value)`.

    Types are named, not given, so that nothing is imported to compare with. Use `tagged` for a value that is
    read back.
    """
    _encoders[type_name] = encode


def decoder(tag, decode):
    """Read `{"class_name": tag, "config": config}` as `decode(config)`."""
    _decoders[tag] = decode


def tagged(tag, **config):
    """The written form of a value that `decoder(tag, ...)` reads back.

    >>> tagged("__slice__", start=1, stop=3, step=None)
    {'class_name': '__slice__', 'config': {'start': 1, 'stop': 3, 'step': None}}
    """
    return {"class_name": tag, "config": config}


def find_encoder(cls):
    """The encoder of the nearest class in the method resolution order of `cls`, else None."""
    for base in cls.__mro__:
        found = _encoders.get(f"{base.__module__}.{base.__qualname__}")
        if found is not None:
            return found
    return None


def find_decoder(tag):
    """The decoder of a tag, else None."""
    return _decoders.get(tag)


def _encode_array(x):
    if x.dtype.hasobject:
        raise TypeError(f"Cannot serialize a NumPy array of Python objects (shape {x.shape}).")
    return tagged("__numpy__", value=x.tolist(), dtype=x.dtype.name)


def _decode_array(config):
    import numpy as np  # only a config that holds an array needs it

    return np.array(config["value"], dtype=config["dtype"])


encoder("numpy.ndarray", _encode_array)
encoder("numpy.generic", lambda x: x.item())
encoder("numpy.dtype", lambda x: x.name)
encoder("builtins.bytes", lambda x: tagged("__bytes__", value=x.decode("utf-8")))
encoder("kx_tensor.tensor.Tensor", lambda x: tagged("__tensor__", value=x.numpy().tolist(), dtype=x.dtype))
encoder(
    "kx_tensor.symbolic.KerasTensor",
    lambda x: tagged("__keras_tensor__", shape=x.shape, dtype=x.dtype, keras_history=None),
)
encoder("builtins.slice", lambda x: tagged("__slice__", start=x.start, stop=x.stop, step=x.step))
encoder("builtins.ellipsis", lambda x: tagged("__ellipsis__"))

decoder("__numpy__", _decode_array)
decoder("__bytes__", lambda config: config["value"].encode("utf-8"))
decoder("__slice__", lambda config: slice(config["start"], config["stop"], config["step"]))
decoder("__ellipsis__", lambda config: ...)
