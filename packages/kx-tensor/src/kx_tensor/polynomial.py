"""Polynomials of raw arrays."""


def polynomial(t, coefficients):
    """Return the polynomial with `coefficients`, constant first, of a raw array in a fresh array (Horner's scheme)."""
    out = t * coefficients[-1]
    for coefficient in coefficients[-2:0:-1]:
        out += coefficient
        out *= t
    out += coefficients[0]
    return out
