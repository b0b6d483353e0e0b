"""The dtype table against Keras's (tools/record/dtypes.py), with kx's stated exceptions; names, floatx, conversions."""

import json
import pathlib

import ml_dtypes
import numpy as np
import pytest

from kx_tensor import KerasTensor, Variable, config, dtypes, ops

with np.load(pathlib.Path(__file__).parent / "golden" / "dtypes.npz") as file:
    TABLE = json.loads(file["table"].tobytes())
PYTHON = {"int": int, "float": float}


@pytest.fixture
def restore_floatx():
    before = config.floatx()
    yield
    dtypes.set_floatx(before)


def expected_in_kx(keras_result, names, floatx):
    """What kx gives where Keras on TensorFlow gives `keras_result`; the exceptions are deliberate."""
    if "float8_e4m3fn" in names:  # Keras promotes an fp8 type with nothing; kx leaves one by itself as it is
        return "float8_e4m3fn" if set(names) == {"float8_e4m3fn"} else "error"
    if "complex128" in names:  # TensorFlow's backend has complex64 only
        return "complex128"
    if {"float64", "complex64"} <= set(names):
        return "complex128"
    if "uint64" in names and keras_result == "uint32":  # TensorFlow's backend maps uint64 to uint32
        return "uint64"
    if set(names) <= {"bool", "int"} and "int" in names:  # Keras: the width of floatx, so int16 with float16
        return "int32"
    if keras_result == "float16" and floatx == "bfloat16" and "float16" not in names:
        return "bfloat16"  # Keras looks at the width of floatx only
    return keras_result


@pytest.mark.parametrize("floatx", TABLE)
def test_promotion_table(floatx, restore_floatx):
    dtypes.set_floatx(floatx)
    wrong = []
    for key, keras_result in TABLE[floatx].items():
        names = key.split()
        expected = expected_in_kx(keras_result, names, floatx)
        try:
            result = dtypes.result_type(*[PYTHON.get(n, n) for n in names])
        except ValueError:
            result = "error"
        if result != expected:
            wrong.append(f"{key}: {result} instead of {expected}")
    assert not wrong, "\n".join(wrong)


def test_promotion_is_commutative_and_idempotent():
    names = [n for n in dtypes.ALLOWED if n != "string" and not n.startswith("float8")]
    for a in names:
        assert dtypes.result_type(a, a) == a
        for b in names:
            assert dtypes.result_type(a, b) == dtypes.result_type(b, a)


def test_no_promotion_for_strings_and_fp8():
    with pytest.raises(ValueError, match="No promotion rule for dtype 'float8_e5m2'"):
        dtypes.result_type("float8_e5m2", "float32")
    with pytest.raises(ValueError, match="No promotion rule for dtype 'string'"):
        dtypes.result_type("string", "int32")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (np.float16, "float16"), (np.dtype("int64"), "int64"), ("half", "float16"), ("double", "float64"), (bool, "bool"), (int, "int32"),
        (float, "float32"), (complex, "complex64"), (str, "string"), (None, "float32"), (ml_dtypes.bfloat16, "bfloat16"),
        (np.dtype(ml_dtypes.float8_e5m2), "float8_e5m2"), ("bfloat16", "bfloat16"), (np.dtype("<U3"), "string"), ("int", "int64"),
    ],
)  # fmt: skip
def test_standard_names(given, name):
    assert dtypes.standardize_dtype(given) == name


def test_standard_names_of_other_frameworks():
    class Other:
        """As torch.float32 and jax.numpy.float32 print themselves."""

        def __init__(self, text):
            self.text = text

        def __repr__(self):
            return self.text

    assert dtypes.standardize_dtype(Other("torch.bfloat16")) == "bfloat16"
    assert dtypes.standardize_dtype(Other("torch.int8")) == "int8"


@pytest.mark.parametrize("given", ["float31", object(), [1]])
def test_unknown_dtypes_are_named(given):
    with pytest.raises(ValueError, match="Unknown dtype"):
        dtypes.standardize_dtype(given)


def test_kinds():
    assert [n for n in dtypes.ALLOWED if dtypes.is_float_dtype(n)] == list(dtypes.FLOATS)
    assert [n for n in dtypes.ALLOWED if dtypes.is_int_dtype(n)] == list(dtypes.INTS)


def test_names_and_numpy_dtypes_are_inverse():
    for name in dtypes.ALLOWED:
        if name != "string":
            assert dtypes.name_of(dtypes.as_numpy(name)) == name


def test_limits_of_float_types():
    assert dtypes.finfo(dtypes.as_numpy("bfloat16")).max > 3e38
    assert dtypes.finfo(dtypes.as_numpy("float16")).max == 65504


def test_floatx_is_the_dtype_of_python_floats(restore_floatx):
    assert (ops.zeros((1,)).dtype, ops.convert_to_tensor(1.5).dtype, (ops.arange(2) / 2).dtype) == (
        "float32",
    ) * 3
    dtypes.set_floatx("float16")
    assert (ops.zeros((1,)).dtype, ops.convert_to_tensor([1.5]).dtype, (ops.arange(2) / 2).dtype) == (
        "float16",
    ) * 3
    assert ops.exp(np.arange(3)).dtype == "float16"
    assert KerasTensor((1,)).dtype == "float32", "the default dtype of a KerasTensor is fixed, as in Keras"
    assert Variable([1, 2]).dtype == "float16"
    assert ops.add(np.zeros(1, "int32"), 1.0).dtype == "float16"
    dtypes.set_floatx("float32")
    assert ops.add(np.zeros(1, "int32"), 1.0).dtype == "float32", "remembered casts follow floatx"


def test_floatx_must_be_a_float(restore_floatx):
    with pytest.raises(ValueError, match=r"float16.*int8|int8.*float16"):
        dtypes.set_floatx("int8")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int8", "uint8"])
def test_python_numbers_are_weak(dtype):
    x = np.ones(2, dtypes.as_numpy(dtype))
    for out in (ops.add(x, 1), ops.multiply(2, x), ops.maximum(x, 0), ops.where(x > 0, x, 0)):
        assert out.dtype == dtype
    if dtypes.is_float_dtype(dtype):
        for out in (ops.add(x, 1.5), ops.power(x, 2.0), ops.where(x > 0, x, 0.5), ops.clip(x, 0.0, 0.5)):
            assert out.dtype == dtype


def test_numpy_scalars_are_strong():
    x = np.ones(2, "float16")
    assert ops.add(x, np.float32(1)).dtype == "float32"
    assert ops.add(x, np.float64(1)).dtype == "float64"


def test_whole_numbers_beyond_32_bits_are_int64():
    assert ops.convert_to_tensor(2**40).dtype == "int64"
    assert ops.convert_to_tensor([1, 2**40]).numpy().tolist() == [1, 2**40]
