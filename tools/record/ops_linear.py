"""Golden calls of products of matrices and tensors; see op_recording.py."""

from op_recording import DTYPES, case, dtype_pairs, f, i, record

CASES = [
    *[case("matmul", f(2, 3, dtype=d), f(3, 2, dtype=e)) for d in ("float16", "float32", "float64") for e in ("float16", "float32", "bfloat16")],
    *[case("matmul", i(2, 3, dtype=d), i(3, 2, dtype=e)) for d in ("int8", "uint8", "int32", "int64") for e in ("int8", "uint8", "int32", "int64")],
    case("matmul", i(2, 3), f(3, 2)), case("matmul", f(2, 3, dtype="float64"), i(3, 2)), case("matmul", f(3), f(3)), case("matmul", f(2, 3), f(3)), case("matmul", f(3), f(3, 2)),
    case("matmul", f(4, 2, 3), f(3, 2)), case("matmul", f(4, 1, 2, 3), f(5, 3, 2)), case("matmul", f(3), f(4, 3, 2)), case("matmul", f(4, 2, 3), f(3)),
    *[case("dot", f(*a), f(*c)) for a, c in (((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((2, 3, 4), (4,)), ((2, 3, 4), (5, 4, 2)), ((3,), (2, 3, 4)))],
    case("dot", f(2, 3), 2.0), case("dot", 2, f(3)), case("dot", i(3), i(3)), case("dot", i(3), f(3)),
    *[case("tensordot", f(2, 3, 4), f(3, 4, 5), axes=2), case("tensordot", f(2, 3), f(3, 4), axes=1), case("tensordot", f(2), f(3), axes=0)],
    case("tensordot", f(2, 3, 4), f(4, 3, 5), axes=[[1, 2], [1, 0]]), case("tensordot", f(2, 3), f(4, 3), axes=([-1], [-1])), case("tensordot", f(2, 3), f(3, 2), axes=(1, 0)), case("tensordot", i(2, 3), i(3, 2), axes=1),
    case("outer", f(2), f(3)), case("outer", f(2, 2), f(3)), case("outer", i(2), f(3)), case("outer", 2.0, f(3)),
    case("inner", f(3), f(3)), case("inner", f(2, 3), f(4, 3)), case("inner", f(2, 3), f(3)), case("inner", f(2, 3), 2.0), case("inner", i(3), i(3)),
    case("vdot", f(3), f(3)), case("vdot", f(2, 3), f(2, 3)), case("vdot", i(3), f(3)),
    case("kron", f(2, 2), f(2, 3)), case("kron", f(2), f(3)), case("kron", f(2, 2), f(3), symbolic=False), case("kron", i(2, 2), f(1, 3)),
    *[case("einsum", "ij,jk->ik", f(2, 3), f(3, 4)), case("einsum", "ij,jk", f(2, 3), f(3, 4)), case("einsum", "i,i", f(3), f(3)), case("einsum", "ij->ji", f(2, 3))],
    *[case("einsum", "ii", f(3, 3)), case("einsum", "ii->i", f(3, 3)), case("einsum", "ij->", f(2, 3)), case("einsum", "i,j->ij", f(2), f(3)),],
    *[case("einsum", "...ij,...jk->...ik", f(5, 2, 3), f(3, 4)), case("einsum", "...ij,jk", f(5, 2, 3), f(3, 4)), case("einsum", "...i,...i->...", f(5, 1, 3), f(4, 3))],
    *[case("einsum", "i...,i...", f(3, 2), f(3, 2)), case("einsum", "bqhd,bkhd->bhqk", f(2, 3, 2, 4), f(2, 5, 2, 4)), case("einsum", "a b, b c -> a c", f(2, 3), f(3, 4))],
    *[case("einsum", "ij,jk,kl->il", f(2, 3), f(3, 4), f(4, 2)), case("einsum", "...->", f(2, 3)), case("einsum", "ij,ij->j", i(2, 3), f(2, 3)), case("einsum", "ij,jk->ik", i(2, 3), i(3, 2))],
    *[case("einsum", "ij,jk->ik", f(2, 3, dtype=d), f(3, 2, dtype=e)) for d in ("float16", "bfloat16", "float64") for e in ("float16", "float32")],
    *[case("einsum", "ij,jk->ik", i(2, 3, dtype=d), i(3, 2, dtype=d)) for d in ("int8", "uint8", "int64")],
    *[c for op in ("dot", "outer", "inner", "vdot") for c in dtype_pairs(op, [d for d in DTYPES if d not in ("bool", "int8")])],  # int8: as matmul

]  # fmt: skip

if __name__ == "__main__":
    record("linear", CASES)
