"""Global numeric settings: the default float type, the fuzz factor, the image axis order, the backend's name."""

from kx_tensor.structure import structure

_settings = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "flash_attention": None,
}
_on_floatx_change = []


def _set(name, value):
    if _settings[name] != value:
        _settings[name] = value
        structure.version += 1  # a captured step has the old value in it


def floatx():
    """Return the default float dtype, `"float32"` unless changed.

    >>> floatx()
    'float32'
    """
    return _settings["floatx"]


def set_floatx(value):
    """Set the default float dtype to "bfloat16", "float16", "float32" or "float64"."""
    accepted = ("bfloat16", "float16", "float32", "float64")
    if value not in accepted:
        raise ValueError(f"set_floatx expects one of {accepted}, got {value!r}.")
    _set("floatx", str(value))
    for forget in _on_floatx_change:
        forget()


def on_floatx_change(forget):
    """Register `forget()`, called when floatx changes: for caches keyed by dtypes alone."""
    _on_floatx_change.append(forget)
    return forget


def epsilon():
    """Return the fuzz factor that keeps divisions and logarithms finite.

    >>> epsilon()
    1e-07
    """
    return _settings["epsilon"]


def set_epsilon(value):
    """Set the fuzz factor."""
    _set("epsilon", float(value))


def image_data_format():
    """Return the default axis order of images, "channels_last" or "channels_first".

    >>> image_data_format()
    'channels_last'
    """
    return _settings["image_data_format"]


def set_image_data_format(data_format):
    """Set the default axis order of images."""
    _set("image_data_format", standardize_data_format(data_format))


def standardize_data_format(data_format):
    """Return `data_format` checked, or the default for None.

    >>> standardize_data_format(None)
    'channels_last'
    """
    if data_format is None:
        return image_data_format()
    value = str(data_format).lower()
    if value not in ("channels_last", "channels_first"):
        raise ValueError(f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}.")
    return value


def enable_flash_attention():
    """Ask for attention in blocks; kx's kernel always works so, and code that reads the setting finds True."""
    _settings["flash_attention"] = True


def disable_flash_attention():
    """Ask for attention with all scores in memory, which gives the same results; see `enable_flash_attention`."""
    _settings["flash_attention"] = False


def is_flash_attention_enabled():
    """Return what was asked for: True, False, or None where nothing was.

    >>> is_flash_attention_enabled()
    """
    return _settings["flash_attention"]
