"""Record what Python's operators give on tensors of Keras for all dtypes.

KERAS_BACKEND=torch python tools/record/operators.py    # 64-bit types stay what they are with PyTorch
Writes packages/kx-tensor/tests/golden/operators.json: [expression, dtype of x and y, dtype of the result, values]. Only what
Keras's backends agree about is here: integers divided by zero, unsigned types wider than 8 bits and `round` are not.
"""

import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/kx-tensor/tests/golden/operators.json"
VALUES = {"bool": [[1, 0, 1], [1, 1, 0]], "uint8": [[5, 0, 3], [2, 3, 1]], "int": [[-5, 1, 3], [2, -3, -2]], "float": [[-2.5, 0.5, 3.0], [2.0, -1.5, 2.0]]}  # fmt: skip
NUMBERS = "x + 2 | 2 - x | x * -1 | x / 2 | x // 2 | x % 2 | x ** 2 | 2 ** x | (-1) ** x | -1 == x | x != -1 | x > 1"
PAIRS = "x + y | x - y | x * y | x / y | x // y | x % y | x ** y | x @ y | x == y | x != y | x < y | x <= y | x >= y"
EXPRESSIONS = {
    "float": f"+x | -x | abs(x) | {NUMBERS} | {PAIRS} | x + 0.5 | 0.5 // x",
    "int": f"+x | -x | ~x | abs(x) | {NUMBERS} | {PAIRS} | x & y | x | y | x ^ y | x << 1 | x >> 1 | x + 0.5 | x & -2",
    "uint8": f"+x | ~x | {NUMBERS} | {PAIRS} | x & y | x | y | x ^ y | x << 1 | x >> 1 | x + 0.5 | -1 - x | x & -1 | x < -1",
    "bool": "~x | x & y | x | y | x ^ y | x == y | x != y | x * y | x + y | x * 0.5 | x / y",
}


def main():
    rows = []
    for dtype in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32"):
        kind = "int" if dtype.startswith("int") else "float" if "float" in dtype else dtype
        x, y = (keras.ops.cast(keras.ops.convert_to_tensor(np.array(v)), dtype) for v in VALUES[kind])
        for expression in EXPRESSIONS[kind].replace("x | y", "x ; y").split(" | "):
            expression = expression.replace(";", "|")
            result = eval(expression, {"x": x, "y": y, "abs": abs})
            name = keras.backend.standardize_dtype(result.dtype)
            wide = keras.ops.cast(result, "float32" if "float" in name else "int64")
            rows.append([expression, dtype, name, keras.ops.convert_to_numpy(wide).tolist()])
    OUT.write_text(json.dumps({"values": VALUES, "rows": rows}).replace('["', '\n["') + "\n")
    print(len(rows), "rows")


if __name__ == "__main__":
    main()
