"""Golden calls of convolutions; see op_recording.py. Run with KERAS_BACKEND=jax: TensorFlow has none with channels first."""

from op_recording import case, f, record

PLAIN = [
    case("conv", f(2, 7, 3), f(3, 3, 4)), case("conv", f(2, 7, 3), f(2, 3, 4), 2, "same"), case("conv", f(1, 8, 2), f(3, 2, 2), dilation_rate=2),
    *[case("conv", f(1, 6, 5, 2), f(3, 2, 2, 3), s, p) for s in (1, 2, (2, 1), [1, 3]) for p in ("valid", "same", "SAME")],
    *[case("conv", f(1, 6, 7, 2), f(2, 3, 2, 3), padding=p, dilation_rate=d) for d in (2, (1, 2)) for p in ("valid", "same")],
    case("conv", f(1, 7, 7, 1), f(2, 2, 1, 2), 2, "same", dilation_rate=2), case("conv", f(2, 4, 4, 6), f(2, 2, 3, 4)), case("conv", f(2, 4, 4, 3), f(2, 2, 1, 6), 2),
    case("conv", f(1, 2, 5, 6), f(2, 3, 2, 3), 1, "same", "channels_first"), case("conv", f(1, 3, 4, 3, 2), f(2, 2, 2, 2, 2), (1, 2, 1), "same"),
    case("conv", f(1, 3, 4, 3, 2, dtype="float16"), f(2, 2, 2, 2, 2, dtype="float16")), case("conv", f(1, 4, 2, dtype="bfloat16"), f(2, 2, 2, dtype="bfloat16")),
]  # fmt: skip
TRANSPOSED = [
    *[case("conv_transpose", f(1, 4, 2), f(k, 2, 2), s, p) for k in (1, 2, 3, 4) for s in (1, 2, 3) for p in ("valid", "same")],
    *[case("conv_transpose", f(1, 3, 1), f(k, 1, 1), 3, p, o) for k in (1, 2, 3, 4) for o in (0, 1, 2) for p in ("valid", "same")],
    *[case("conv_transpose", f(1, 3, 1), f(k, 1, 1), 1, p, None, None, d) for k in (1, 2, 3) for d in (2, 3) for p in ("valid", "same")],
    case("conv_transpose", f(1, 3, 4, 2), f(3, 2, 3, 2), (2, 1), "same"), case("conv_transpose", f(1, 3, 4, 2), f(3, 3, 1, 2), 2, "valid", (1, 0)),
    case("conv_transpose", f(1, 2, 3, 4), f(2, 2, 3, 2), 2, "same", None, "channels_first"), case("conv_transpose", f(1, 2, 2, 3, 2), f(2, 2, 2, 1, 2), 2),
]  # fmt: skip
DEPTHWISE = [
    case("depthwise_conv", f(2, 6, 3), f(3, 3, 2), 1, "same"), case("depthwise_conv", f(1, 5, 6, 3), f(3, 3, 3, 1), 2, "same"), case("depthwise_conv", f(1, 5, 6, 2), f(2, 3, 2, 2)),
    case("depthwise_conv", f(1, 5, 6, 2), f(2, 2, 2, 1), dilation_rate=2), case("depthwise_conv", f(1, 2, 5, 6), f(2, 3, 2, 2), 1, "same", "channels_first"),
    case("separable_conv", f(1, 5, 6, 3), f(3, 2, 3, 2), f(1, 1, 6, 4), 1, "same"), case("separable_conv", f(1, 7, 2), f(3, 2, 1), f(1, 2, 3), 2),
    case("separable_conv", f(1, 2, 5, 4), f(2, 2, 2, 2), f(1, 1, 4, 3), 2, "valid", "channels_first"),
]  # fmt: skip
UNFOLD = [
    case("unfold", f(2, 2, 4, 5), 2), case("unfold", f(1, 2, 4, 5), (2, 3), padding=1), case("unfold", f(1, 1, 5, 5), 2, 2, 1, 2), case("unfold", f(1, 2, 5, 4), [3, 2], (1, 2), (0, 1), (2, 1)),
]  # fmt: skip

if __name__ == "__main__":
    record("conv", PLAIN + TRANSPOSED + DEPTHWISE + UNFOLD)
