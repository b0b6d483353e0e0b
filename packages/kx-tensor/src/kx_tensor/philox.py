"""The random bits behind everything random: counter-based Philox4x64-10, the same stream on every backend.

A key is a pair of 32-bit numbers (the state of a `SeedGenerator`). The stream is that of
`numpy.random.Philox(key=...)`; `stream` sets the third word of the counter, so one key has 2^64 independent streams.
Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
"""

import threading

import numpy as np

_MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_KEY_STEPS = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
_LOW = 0xFFFFFFFF
_WORD = 0xFFFFFFFFFFFFFFFF


class _Host(threading.local):
    """NumPy's C implementation; setting its state costs a tenth of making a new one."""

    def __init__(self):
        self.bits = np.random.Philox(0)
        self.generator = np.random.Generator(self.bits)
        self.counter = np.zeros(4, np.uint64)
        self.key = np.zeros(2, np.uint64)
        self.state = {
            "bit_generator": "Philox",
            "state": {"counter": self.counter, "key": self.key},
            "buffer": np.zeros(4, np.uint64),
            "buffer_pos": 4,
            "has_uint32": 0,
            "uinteger": 0,
        }

    def seek(self, key, stream):
        self.key[0], self.key[1] = key
        self.counter[2] = stream
        self.bits.state = self.state
        return self


_host = _Host()


def raw_bits(xp, key, n, stream=0):
    """Return the first `n` 64-bit words of the stream of `key`, a uint64 array.

    >>> raw_bits(np, (1, 2), 3).tolist() == np.random.Philox(key=[1, 2]).random_raw(3).tolist()
    True
    """
    if xp is np:
        return _host.seek(key, stream).bits.random_raw(n)
    return philox_raw(xp, key, n, stream)


def uniforms(xp, key, n, dtype, stream=0):
    """Return `n` numbers in [0, 1): multiples of 2^-53 for dtype "float64", of 2^-24 (two a word) for "float32"."""
    if xp is np:
        return _host.seek(key, stream).generator.random(n, dtype)
    if dtype == "float64":
        return (philox_raw(xp, key, n, stream) >> 11).astype("float64") * 2.0**-53
    halves = philox_raw(xp, key, (n + 1) // 2, stream).view("uint32")[:n]
    return (halves >> 8).astype("float32") * 2.0**-24


def philox_raw(xp, key, n, stream=0):
    """Return what `raw_bits` returns, computed with the array module `xp`: ten rounds on all blocks at once."""
    blocks = (n + 3) // 4
    c0 = xp.arange(1, blocks + 1, dtype="uint64")
    c1 = xp.zeros(blocks, "uint64")
    c2 = xp.full(blocks, stream, "uint64")
    c3 = c1
    k0, k1 = (int(k) for k in key)
    for _ in range(10):
        high0, low0 = _multiply(_MULTIPLIERS[0], c0)
        high1, low1 = _multiply(_MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + _KEY_STEPS[0]) & _WORD, (k1 + _KEY_STEPS[1]) & _WORD
    return xp.stack([c0, c1, c2, c3], axis=1).reshape(-1)[:n]


def _multiply(a, b):
    """The high and low words of the 128-bit products of the number a and the words b, by 32-bit halves."""
    a_high, a_low = a >> 32, a & _LOW
    b_high, b_low = b >> 32, b & _LOW
    cross = b_high * a_low
    middle = (b_low * a_low >> 32) + (cross & _LOW) + b_low * a_high
    return b_high * a_high + (cross >> 32) + (middle >> 32), b * a
