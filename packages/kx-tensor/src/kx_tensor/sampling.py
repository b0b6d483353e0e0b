"""From random bits to distributions, on raw arrays: the same formulas on every backend.

Each sampler takes the array module `xp`, a key, and the first of the streams it may use; results are float32, or
float64 when asked for.
"""

import math

from kx_tensor import philox
from kx_tensor.polynomial import polynomial

# The normal quantile of p, divided by y = 2p - 1, as a polynomial in t = -0.8 log(1 - y^2) - 1, for quantiles
# within (-2, 2): a least-squares fit on Chebyshev nodes, relative error 2e-12.
_QUANTILE = (
    1.6822941156671254, 0.44109256193796414, 0.005550092693350097, -0.00622524332431844, 0.0004957708313225949,
    0.00013446707163069499, -2.7216200384216895e-05, -2.115666715951648e-06, 1.0721129342527993e-06,
    -5.171511929802362e-09,
    -3.293971531093119e-08,
)  # fmt: skip
_WITHIN_TWO = math.erf(math.sqrt(2.0))  # the probability of a normal number in (-2, 2)
_GAMMA_ROUNDS = 8  # each accepts at least 95 %, so all of them fail once in 2.5e10 numbers
GAMMA_STREAMS = 2 * _GAMMA_ROUNDS + 1
_SUMMABLE = 64  # binomial counts up to this are sampled by summing probabilities


def normal(xp, key, n, dtype, stream=0):
    """Return n standard normal numbers by Box and Muller's transform of pairs of uniforms."""
    half = (n + 1) // 2
    u = philox.uniforms(xp, key, 2 * half, dtype, stream)
    radius = xp.log(1.0 - u[:half])
    radius *= -2.0
    radius = xp.sqrt(radius, out=radius)
    angle = u[half:] * (2.0 * math.pi)
    out = xp.empty(2 * half, dtype)
    xp.multiply(radius, xp.cos(angle), out=out[:half])
    xp.multiply(radius, xp.sin(angle), out=out[half:])
    return out[:n]


def truncated_normal(xp, key, n, dtype):
    """Return n standard normal numbers in (-2, 2), by inverting the distribution function."""
    y = philox.uniforms(xp, key, n, dtype)
    y *= 2.0 * _WITHIN_TWO
    y -= _WITHIN_TWO
    t = xp.log1p(-y * y)
    t *= -0.8
    t -= 1.0
    t = polynomial(t, _QUANTILE)
    t *= y
    return t


def integers(xp, key, n, low, high, dtype):
    """Return n integers in [low, high): 64 random bits modulo the span, so each is within 2^-32 of equally likely."""
    words = philox.raw_bits(xp, key, n) % xp.uint64(high - low)
    words += xp.uint64(low % 2**64)  # modulo 2^64, which the cast to a signed dtype undoes
    return words.astype(dtype)


def categorical(xp, key, logits, samples):
    """Return class numbers drawn from softmax(logits), by Gumbel's trick. Shapes: (n, classes) -> (n, samples)."""
    n, classes = logits.shape
    noise = _positive_uniforms(xp, key, n * samples * classes, logits.dtype.name).reshape(n, samples, classes)
    return (logits[:, None, :] - xp.log(-xp.log(noise))).argmax(axis=-1)


def gamma(xp, key, alpha, stream=0):
    """Return gamma numbers of shape parameter `alpha` (an array) and scale 1.

    Marsaglia and Tsang 2000, "A simple method for generating gamma variables": a fixed number of rounds for all
    elements, the first accepted proposal counts.
    """
    dtype, n = alpha.dtype.name, alpha.size
    small = alpha < 1.0
    d = xp.where(small, alpha + 1.0, alpha) - 1.0 / 3.0
    c = 1.0 / xp.sqrt(9.0 * d)
    out, done = d.copy(), alpha != alpha
    for r in range(_GAMMA_ROUNDS):
        x = normal(xp, key, n, dtype, stream + 1 + 2 * r).reshape(alpha.shape)
        u = _positive_uniforms(xp, key, n, dtype, stream + 2 + 2 * r).reshape(alpha.shape)
        v = (1.0 + c * x) ** 3
        log_v = xp.log(xp.where(v > 0, v, 1.0))
        accepted = (v > 0) & (xp.log(u) < 0.5 * x * x + d - d * v + d * log_v)
        out = xp.where(accepted & ~done, d * v, out)
        done = done | accepted
    boost = _positive_uniforms(xp, key, n, dtype, stream).reshape(alpha.shape)
    return xp.where(small, out * boost ** (1.0 / xp.where(small, alpha, 1.0)), out)


def beta(xp, key, a, b, stream=0):
    """Return beta numbers with parameters `a` and `b` (arrays of one shape), as quotients of gamma numbers."""
    x = gamma(xp, key, a, stream)
    y = gamma(xp, key, b, stream + GAMMA_STREAMS)
    return x / (x + y)


def binomial(xp, key, counts, probabilities, largest):
    """Return the successes in `counts` trials (float64 arrays of one shape), exactly; `largest` bounds the counts.

    Large counts are halved by drawing the middle order statistic of the trials' uniforms, a beta number (Devroye 1986,
    X.4.3); small ones are drawn by summing probabilities up to a uniform.
    """
    n, p, k = counts, probabilities, xp.zeros_like(counts)
    stream = 1
    while largest > _SUMMABLE:
        large = n > _SUMMABLE
        i = xp.where(large, xp.floor(n / 2) + 1.0, 1.0)
        y = beta(xp, key, i, xp.where(large, n + 1.0 - i, 1.0), stream)
        below = large & (y <= p)  # i of the trials are successes
        k = xp.where(below, k + i, k)
        n = xp.where(large, xp.where(below, n - i, i - 1.0), n)
        p = xp.where(large, xp.where(below, (p - y) / (1.0 - y), p / y), p)
        largest = largest // 2 + 1
        stream += 2 * GAMMA_STREAMS
    flipped = p > 0.5
    q = xp.where(flipped, 1.0 - p, p)
    odds = q / (1.0 - q)
    mass = (1.0 - q) ** n
    u = philox.uniforms(xp, key, counts.size, "float64").reshape(counts.shape)
    drawn, reached = xp.zeros_like(counts), mass.copy()
    for j in range(largest):
        drawn += (u >= reached) & (j < n)
        mass = mass * odds * (n - j) / (j + 1.0)
        reached = reached + mass
    return k + xp.where(flipped, n - drawn, drawn)


def permutation(xp, key, n):
    """Return the numbers 0 to n - 1 in random order: the order of n random words."""
    return xp.argsort(philox.raw_bits(xp, key, n), kind="stable")


def _positive_uniforms(xp, key, n, dtype, stream=0):
    """Uniforms in (0, 1): those of `philox.uniforms`, half a step up."""
    u = philox.uniforms(xp, key, n, dtype, stream)
    u += 2.0**-54 if dtype == "float64" else 2.0**-25
    return xp.minimum(u, u.dtype.type(1.0 - (2.0**-53 if dtype == "float64" else 2.0**-24)), out=u)


def rounded_down(u, dtype):
    """Return float32 numbers in [0, 1) in a half-precision dtype, rounded down so that 1 stays out."""
    steps = {"float16": 2.0**11, "bfloat16": 2.0**8}[dtype.name]
    return ((u * steps).astype("int32").astype("float32") / steps).astype(dtype)
