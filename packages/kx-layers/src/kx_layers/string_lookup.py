"""`StringLookup`: strings as their numbers in a vocabulary."""

from kx_io import Check, field, register
from kx_layers.data_layer import on_host
from kx_layers.lookup import Lookup
from kx_layers.text_arrays import as_texts, is_text


def _as_text(token):
    if not isinstance(token, (str, bytes)):
        raise ValueError(
            f"Expected strings in the vocabulary, got {token!r} (of type {type(token).__name__})."
        )
    return token.decode() if isinstance(token, bytes) else str(token)


@register("layers")
class StringLookup(Lookup):
    """The number of each string in a vocabulary, or with `invert` the string of each number.

    Strings outside the vocabulary are 0, or spread by a hash over `num_oov_indices` numbers. `output_mode` may also be
    "one_hot", "multi_hot", "count" or "tf_idf", as for CategoryEncoding. `vocabulary` may be the path of a text file.

    Errors: ValueError for unknown strings if `num_oov_indices` is 0; RuntimeError for a call without a vocabulary.

    >>> layer = StringLookup(vocabulary=["a", "b"])
    >>> layer(["b", "a", "z"]).numpy()
    array([2, 1, 0])
    >>> layer = StringLookup()
    >>> layer.adapt(["b", "a", "b"])
    >>> layer.get_vocabulary()
    ['[UNK]', 'b', 'a']
    """

    oov_token = field("[UNK]")
    encoding = field("utf-8", check=Check(lambda name: isinstance(name, str), "the name of an encoding"))
    oov_method = field("floormod", kw_only=True)
    field_order = (
        "max_tokens", "num_oov_indices", "mask_token", "oov_token", "vocabulary", "idf_weights", "invert",
        "output_mode", "pad_to_max_tokens", "sparse", "encoding", "name", "salt",
    )  # fmt: skip

    as_token = staticmethod(_as_text)

    def _as_tokens(self, flat):
        if not is_text(flat):
            raise TypeError(f"Layer {self.name!r} looks strings up, got {flat.dtype} numbers.")
        return as_texts(flat, self.encoding).tolist()

    def update_state(self, data):
        super().update_state(as_texts(on_host(data), self.encoding))

    def _as_output(self, tokens):
        return tokens

    @property
    def output_dtype(self):
        return "string" if self.invert else super().output_dtype
