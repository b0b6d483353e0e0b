"""`IntegerLookup`: arbitrary integers as their numbers in a vocabulary."""

import numpy as np

from kx_io import field, one_of, register
from kx_layers.data_layer import on_host
from kx_layers.lookup import Lookup
from kx_tensor import ops


@register("layers")
class IntegerLookup(Lookup):
    """The number of each integer in a vocabulary of integers, or with `invert` the integer of each number.

    Integers outside the vocabulary are 0, or spread over `num_oov_indices` numbers by their remainder, or with
    `oov_method` "farmhash" by a hash. Otherwise as StringLookup.

    >>> layer = IntegerLookup(vocabulary=[12, 36, 1138])
    >>> layer([[12, 1138, 7]]).numpy()
    array([[1, 3, 0]])
    """

    oov_token = field(-1)
    vocabulary_dtype = field("int64", check=one_of("int64"))
    field_order = (
        "max_tokens", "num_oov_indices", "mask_token", "oov_token", "vocabulary", "vocabulary_dtype", "idf_weights",
        "invert", "output_mode", "sparse", "pad_to_max_tokens", "oov_method", "salt", "name",
    )  # fmt: skip

    as_token = int
    compute_dtype = input_dtype = "int64"

    def _check_arguments(self):
        super()._check_arguments()
        if self.salt is not None and self.oov_method != "farmhash":
            raise ValueError(
                "IntegerLookup: `salt` can only be used when `oov_method='farmhash'`. Received: "
                f"oov_method={self.oov_method}"
            )

    def _as_tokens(self, flat):
        return flat.astype(np.int64).tolist()

    def update_state(self, data):
        super().update_state(on_host(data).astype(np.int64))

    def _as_output(self, tokens):
        return ops.convert_to_tensor(tokens.astype(np.int64))
