"""Checksums of files: which algorithm a hexadecimal digest belongs to, and the digest of a stream."""

import hashlib
import string

_LENGTHS = {"md5": 32, "sha256": 64}


def algorithm_of(digest, algorithm="auto"):
    """Name of the algorithm that `digest` was made with: "md5" or "sha256".

    Args: `algorithm` is "auto" (told by the length), "md5" or "sha256".
    Errors: `ValueError` if the digest is not the algorithm's hexadecimal form.

    >>> algorithm_of("bfafd718b763782e994055a2d397834f")
    'md5'
    """
    if algorithm not in ("auto", *_LENGTHS):
        raise ValueError(f"Expected hash_algorithm 'auto', 'md5' or 'sha256', got {algorithm!r}.")
    for name, length in _LENGTHS.items():
        if algorithm in ("auto", name) and len(digest) == length and set(digest) <= set(string.hexdigits):
            return name
    wanted = "32 (MD5) or 64 (SHA-256)" if algorithm == "auto" else _LENGTHS[algorithm]
    raise ValueError(f"Expected a checksum of {wanted} hexadecimal digits, got {digest!r}.")


def hash_stream(stream, algorithm="sha256"):
    """Hexadecimal digest of a binary file object, read from its start; the file is left at its start again.

    >>> import io
    >>> hash_stream(io.BytesIO(b"kx"), "md5")
    '7cd783981c6e1d370e89a87ea7f609f1'
    """
    stream.seek(0)
    digest = hashlib.file_digest(stream, algorithm).hexdigest()
    stream.seek(0)
    return digest
