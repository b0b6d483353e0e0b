"""Hashes of strings that are the same on every machine and in every process: FarmHash's Fingerprint64 and SipHash.

Both are computed for all strings of one length at once, on columns of 64-bit words, whose overflow is wanted.
"""

import numpy as np

_K0, _K1, _K2 = map(np.uint64, (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))
_ROUNDS = (
    (0, 1, 13, 32),
    (2, 3, 16, 0),
    (0, 3, 21, 0),
    (2, 1, 17, 32),
)  # of SipHash: a, b, left turns of b and a


def hash_texts(texts, salt=None):
    """Array (n,) of uint64: the Fingerprint64 of each of a list of str, or their SipHash-2-4 with a `salt`, two ints.

    Fingerprint64: Geoff Pike, FarmHash (2014). SipHash: Aumasson and Bernstein, "SipHash: a fast short-input PRF"
    (2012).

    >>> hash_texts(["a", "cat"]) % np.uint64(1_000_000_007)
    array([384735799, 150705660], dtype=uint64)
    """
    data = [text.encode("utf-8", "surrogateescape") for text in texts]
    out = np.empty(len(data), np.uint64)
    lengths = np.fromiter(map(len, data), np.int64, len(data))
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length)
        chars = np.frombuffer(b"".join(data[row] for row in rows), np.uint8).reshape(len(rows), length)
        out[rows] = _fingerprint(chars) if salt is None else _siphash(chars, *salt)
    return out


def combine(first, second):
    """The fingerprint of two fingerprints, arrays of uint64, as TensorFlow joins crossed features.

    >>> combine(np.array([1], "uint64"), np.array([2], "uint64")).dtype
    dtype('uint64')
    """
    k = np.uint64(0xC6A4A7935BD1E995)
    out = first ^ k ^ (_fold(second * k) * k)
    out = _fold(out * k) * k
    return _fold(out)


# ---- FarmHash


def _fingerprint(chars):
    """Fingerprint64 of strings of one length, `chars` (n, length) of uint8."""
    length = chars.shape[1]
    if length > 64:
        return _long(chars)
    if length > 32:
        return _to_64(chars)
    if length > 16:
        return _to_32(chars)
    return _to_16(chars)


def _to_16(chars):
    count, length = chars.shape
    mul = _K2 + np.uint64(2 * length)
    if length >= 8:
        a, b = _word(chars, 0) + _K2, _word(chars, length - 8)
        return _mix(_turn(b, 37) * mul + a, (_turn(a, 25) + b) * mul, mul)
    if length >= 4:
        first, last = _word(chars, 0, "<u4"), _word(chars, length - 4, "<u4")
        return _mix(np.uint64(length) + (first << np.uint64(3)), last, mul)
    if length > 0:
        a, b, c = (chars[:, i].astype(np.uint64) for i in (0, length // 2, length - 1))
        y, z = a + (b << np.uint64(8)), np.uint64(length) + (c << np.uint64(2))
        return _fold((y * _K2) ^ (z * _K0)) * _K2
    return np.full(count, _K2)


def _to_32(chars):
    length = chars.shape[1]
    mul = _K2 + np.uint64(2 * length)
    a, b = _word(chars, 0) * _K1, _word(chars, 8)
    c, d = _word(chars, length - 8) * mul, _word(chars, length - 16) * _K2
    return _mix(_turn(a + b, 43) + _turn(c, 30) + d, a + _turn(b + _K2, 18) + c, mul)


def _to_64(chars):
    length = chars.shape[1]
    mul = _K2 + np.uint64(2 * length)
    a, b = _word(chars, 0) * _K2, _word(chars, 8)
    c, d = _word(chars, length - 8) * mul, _word(chars, length - 16) * _K2
    y = _turn(a + b, 43) + _turn(c, 30) + d
    z = _mix(y, a + _turn(b + _K2, 18) + c, mul)
    e, f = _word(chars, 16) * mul, _word(chars, 24)
    g, h = (y + _word(chars, length - 32)) * mul, (z + _word(chars, length - 24)) * mul
    return _mix(_turn(e + f, 43) + _turn(g, 30) + h, e + _turn(f + a, 18) + g, mul)


def _long(chars):
    """More than 64 bytes: a state of seven words runs over the blocks of 64 bytes, then over the last 64 bytes."""
    count, length = chars.shape
    zero = np.zeros(count, np.uint64)
    x = zero + np.uint64(81)
    y = x * _K1 + np.uint64(113)
    z = _fold(y * _K2 + np.uint64(113)) * _K2
    x = x * _K2 + _word(chars, 0)
    v, w = (zero, zero), (zero, zero)
    for at in range(0, (length - 1) // 64 * 64, 64):
        x = _turn(x + y + v[0] + _word(chars, at + 8), 37) * _K1
        y = _turn(y + v[1] + _word(chars, at + 48), 42) * _K1
        x = x ^ w[1]
        y = y + v[0] + _word(chars, at + 40)
        z = _turn(z + w[0], 33) * _K1
        v = _weak(chars, at, v[1] * _K1, x + w[0])
        w = _weak(chars, at + 32, z + w[1], y + _word(chars, at + 16))
        z, x = x, z
    mul = _K1 + ((z & np.uint64(0xFF)) << np.uint64(1))
    at, nine = length - 64, np.uint64(9)
    w = (w[0] + np.uint64((length - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x = _turn(x + y + v[0] + _word(chars, at + 8), 37) * mul
    y = _turn(y + v[1] + _word(chars, at + 48), 42) * mul
    x = x ^ (w[1] * nine)
    y = y + v[0] * nine + _word(chars, at + 40)
    z = _turn(z + w[0], 33) * mul
    v = _weak(chars, at, v[1] * mul, x + w[0])
    w = _weak(chars, at + 32, z + w[1], y + _word(chars, at + 16))
    z, x = x, z
    return _mix(_mix(v[0], w[0], mul) + _fold(y) * _K0 + z, _mix(v[1], w[1], mul) + x, mul)


def _weak(chars, at, a, b):
    """Two words from 32 bytes and two seeds."""
    p, q, r, s = (_word(chars, at + 8 * i) for i in range(4))
    a = a + p
    b = _turn(b + a + s, 21)
    c = a
    a = a + q + r
    b = b + _turn(a, 44)
    return a + s, b + c


def _mix(u, v, mul):
    a = _fold((u ^ v) * mul)
    return _fold((v ^ a) * mul) * mul


def _word(chars, at, kind="<u8"):
    """The word that starts at byte `at` of each string, (n,) of uint64."""
    size = np.dtype(kind).itemsize
    return np.ascontiguousarray(chars[:, at : at + size]).view(kind)[:, 0].astype(np.uint64)


def _fold(x):
    return x ^ (x >> np.uint64(47))


def _turn(x, right):
    return (x >> np.uint64(right)) | (x << np.uint64(64 - right))


# ---- SipHash-2-4


def _siphash(chars, key, other_key):
    count, length = chars.shape
    padded = np.zeros((count, length // 8 * 8 + 8), np.uint8)
    padded[:, :length] = chars
    padded[:, -1] = length & 0xFF
    mask = 0xFFFFFFFFFFFFFFFF
    start = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    keys = (key, other_key, key, other_key)
    v = [np.full(count, (s ^ k) & mask, np.uint64) for s, k in zip(start, keys, strict=True)]
    for at in range(0, padded.shape[1], 8):
        word = _word(padded, at)
        v[3] = v[3] ^ word
        _sip(v, 2)
        v[0] = v[0] ^ word
    v[2] = v[2] ^ np.uint64(0xFF)
    _sip(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip(v, rounds):
    """Mix the four words `v` in place."""
    for _ in range(rounds):
        for a, b, left, left_a in _ROUNDS:
            v[a] = v[a] + v[b]
            v[b] = _turn(v[b], 64 - left) ^ v[a]
            if left_a:
                v[a] = _turn(v[a], 64 - left_a)
