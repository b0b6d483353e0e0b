"""Products over chosen axes: einsum, tensordot, dot, outer; diagonals and triangles."""

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.arithmetic import multiply
from kx_tensor.ops.casting import convert_to_tensor
from kx_tensor.ops.contraction import contract
from kx_tensor.ops.matrix import matmul
from kx_tensor.ops.reduce import sum
from kx_tensor.ops.shape import reshape
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def parse_einsum(subscripts, ranks):
    """Return (labels per operand, labels of the result), with letters in place of an ellipsis and of spaces.

    >>> parse_einsum("ij,jk", [2, 2])
    (['ij', 'jk'], 'ik')
    """
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    operands = left.split(",")
    if len(operands) != len(ranks):
        raise ValueError(f"einsum: {subscripts!r} names {len(operands)} operand(s), got {len(ranks)}.")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in text]
    most = 0
    for i, (labels, rank) in enumerate(zip(operands, ranks)):
        if "..." in labels:
            count = rank - (len(labels) - 3)
            if count < 0:
                raise ValueError(
                    f"einsum: operand {i} ({labels!r}) has {rank} axes, too few for {subscripts!r}."
                )
            most = max(most, count)
            operands[i] = labels.replace("...", "\0" * count)
        elif len(labels) != rank:
            raise ValueError(
                f"einsum: operand {i} has {rank} axes, {subscripts!r} names {len(labels)} ({labels!r})."
            )
    letters = "".join(spare[:most])
    operands = [_named(labels, letters) for labels in operands]
    if arrow:
        result = right.replace("...", letters)
    else:
        seen = "".join(operands)
        result = letters + "".join(sorted(c for c in set(seen) - set(letters) if seen.count(c) == 1))
    unknown = set(result) - set("".join(operands))
    if unknown:
        raise ValueError(f"einsum: {subscripts!r} has {sorted(unknown)} only in the result.")
    return operands, result


def _named(labels, letters):
    """Labels with letters in place of the axes of an ellipsis, which are aligned at the right."""
    count = labels.count("\0")
    return labels.replace("\0" * count, letters[len(letters) - count :]) if count else labels


def _einsum_shape(shapes, params):
    operands, result = parse_einsum(params["subscripts"], [len(s) for s in shapes])
    sizes = {}
    for labels, shape in zip(operands, shapes):
        for label, n in zip(labels, shape):
            known = sizes.get(label, 1)
            if known is None or known == 1:
                sizes[label] = n if known == 1 or n != 1 else known
            elif n is not None and n != 1 and n != known:
                raise ValueError(
                    f"einsum {params['subscripts']!r}: axis {label!r} has size {known} in one operand and "
                    f"{n} in another."
                )
    return tuple(sizes[c] for c in result)


@primitive(shape=_einsum_shape, dtype=rules.product, variadic=True)
def einsum_of(xp, xs, *, subscripts):
    """Return the sum of products that Einstein's notation `subscripts` names; see `einsum`."""
    dtype = xs[0].dtype
    if dtype.kind in "fV":
        xs = [widen(x) for x in xs]
        if len(xs) == 2:
            operands, result = parse_einsum(subscripts, [x.ndim for x in xs])
            out = contract(xp, *xs, operands, result)
            if out is not None:
                return narrow(out, dtype)
    return narrow(xp.einsum(subscripts, *xs, optimize=len(xs) > 1), dtype)


def _einsum_dx(F, g, xs, subscripts, i):
    """The gradient is the einsum of g and the other operands, summed and stretched to the operand's labels."""
    operands, result = parse_einsum(subscripts, [len(x.shape) for x in xs])
    own = operands[i]
    if len(set(own)) != len(own):
        return _repeated_label_dx(F, g, xs, operands, result, i)
    others = [(x, labels) for j, (x, labels) in enumerate(zip(xs, operands)) if j != i]
    known = set(result).union(*[set(labels) for _, labels in others]) if others else set(result)
    reachable = "".join(c for c in own if c in known)
    text = ",".join([result, *[labels for _, labels in others]]) + "->" + reachable
    grad = F.einsum_of([g, *[x for x, _ in others]], subscripts=text)
    if reachable == own:
        return _fit(F, grad, xs[i].shape)
    shape = tuple(n if c in known else 1 for c, n in zip(own, xs[i].shape))
    sizes = iter(grad.shape)
    full = tuple(next(sizes) if c in known else 1 for c in own)
    return F.broadcast_to(_fit(F, F.reshape(grad, newshape=full), shape), shape=xs[i].shape)


def _fit(F, grad, shape):
    """Sum over axes along which the operand was broadcast, stretch those along which only others were."""
    axes = tuple(i for i, (n, m) in enumerate(zip(grad.shape, shape)) if n != m and m == 1)
    if axes:
        grad = F.sum(grad, axis=axes, keepdims=True)
    return grad if tuple(grad.shape) == tuple(shape) else F.broadcast_to(grad, shape=shape)


def _repeated_label_dx(F, g, xs, operands, result, i):
    """For an operand such as "ii": the gradient of its diagonal, put back on the diagonal."""
    own = operands[i]
    unique = "".join(dict.fromkeys(own))
    sizes = [xs[i].shape[own.index(c)] for c in unique]
    others = [(x, labels) for j, (x, labels) in enumerate(zip(xs, operands)) if j != i]
    known = set(result).union(*[set(labels) for _, labels in others])
    reachable = "".join(c for c in unique if c in known)
    text = ",".join([result, *[labels for _, labels in others]]) + "->" + reachable
    grad = F.einsum_of([g, *[x for x, _ in others]], subscripts=text)
    shape = tuple(n if c in known else 1 for c, n in zip(unique, sizes))
    grad = F.broadcast_to(F.reshape(grad, newshape=shape), shape=tuple(sizes))
    key = tuple(grad_grid(len(unique), unique.index(c), n) for c, n in zip(own, xs[i].shape))
    return F.unpick(grad, shape=xs[i].shape, key=key)


def grad_grid(rank, axis, n):
    """Return 0..n-1 along `axis` of an index array with `rank` axes."""
    grid = convert_to_tensor(list(range(n)), "int64").data
    return grid.reshape([-1 if a == axis else 1 for a in range(rank)])


einsum_of.vjp(_einsum_dx)
einsum_of.cases = (
    case(["3,4", "4,5"], subscripts="ij,jk->ik"), case(["2,3,4", "4,5"], subscripts="...j,jk->...k"),
    case(["3,4"], subscripts="ij->j"),
    case(["3,4", "4"], subscripts="ij,j"), case(["3,3"], subscripts="ii->i"),
    case(["2,3,4", "2,5,4"], subscripts="bij,bkj->bik"), case(["2,3,2,4", "2,5,2,4"], subscripts="bqhd,bkhd->bhqk"),
    case(["2,3,4", "4,3,2"], subscripts="bij,jkl->kb"), case(["2,3", "2,3,4"], subscripts="bi,bij->jb"),
    case(["2,1,4", "2,3,4"], subscripts="bij,bij->b"), case(["2,1", "3,4"], subscripts="ij,jk->ik"),
    case(["2,3", "3,4", "4,2"], subscripts="ij,jk,kl->il"),
    fails(["3,4", "3,5"], subscripts="ij,jk->ik", match="size 4"), fails(["3,4"], subscripts="ijk->i", match="2 axes"),
)  # fmt: skip


def einsum(subscripts, *operands, **kwargs):
    """Return the sum of products named in Einstein's notation, e.g. "bij,bjk->bik" for batched matmul.

    >>> einsum("ij,j->i", [[1.0, 2.0]], [3.0, 4.0]).numpy()
    array([11.], dtype=float32)
    """
    if kwargs:
        raise TypeError(f"einsum() got an unexpected keyword argument {next(iter(kwargs))!r}.")
    return einsum_of(list(operands), subscripts=subscripts)


def _operands(*xs):
    """Tensors as they are, the rest converted; a Python number beside a tensor stays one, to keep its weak dtype."""
    keep_numbers = any(hasattr(x, "shape") for x in xs)
    return [
        x if hasattr(x, "shape") or (keep_numbers and isinstance(x, (int, float))) else convert_to_tensor(x)
        for x in xs
    ]


def _rank(x):
    return len(getattr(x, "shape", ()))


def dot(x1, x2):
    """Return the product over the last axis of x1 and the last but one of x2 (a scalar multiplies).

    >>> dot([1.0, 2.0], [3.0, 4.0]).numpy().item()
    11.0
    """
    x1, x2 = _operands(x1, x2)
    if _rank(x1) == 0 or _rank(x2) == 0:
        return multiply(x1, x2)
    if len(x1.shape) <= 2 and len(x2.shape) <= 2:
        return matmul(x1, x2)
    return tensordot(x1, x2, axes=[[-1], [-1 if len(x2.shape) == 1 else -2]])


def tensordot(x1, x2, axes=2):
    """Return the sum of products over pairs of axes: the last `axes` of x1 and first of x2, or the given pairs.

    >>> tensordot([[1.0, 2.0]], [[3.0], [4.0]], axes=1).numpy()
    array([[11.]], dtype=float32)
    """
    x1, x2 = _operands(x1, x2)
    r1, r2 = len(x1.shape), len(x2.shape)
    if isinstance(axes, int):
        first, second = list(range(r1 - axes, r1)), list(range(axes))
    else:
        first, second = ([a] if isinstance(a, int) else list(a) for a in axes)
        first, second = list(rules.normalize_axes(first, r1)), list(rules.normalize_axes(second, r2))
    letters = "abcdefghijklmnopqrstuvwxyz"
    left, right = list(letters[:r1]), list(letters[r1 : r1 + r2])
    for a, b in zip(first, second, strict=True):
        right[b] = left[a]
    kept = [c for i, c in enumerate(left) if i not in first] + [
        c for i, c in enumerate(right) if i not in second
    ]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x1, x2)


def outer(x1, x2):
    """Return the products of all pairs of elements of two flattened tensors.

    >>> outer([1.0, 2.0], [3.0, 4.0]).numpy()
    array([[3., 4.],
           [6., 8.]], dtype=float32)
    """
    x1, x2 = _operands(x1, x2)
    column = reshape(x1, (-1, 1)) if hasattr(x1, "shape") else x1
    row = reshape(x2, (1, -1)) if hasattr(x2, "shape") else x2
    product = multiply(column, row)
    return (
        product if column is not x1 and row is not x2 else reshape(product, (-1, 1) if row is x2 else (1, -1))
    )


def inner(x1, x2):
    """Return the product over the last axes of both.

    >>> inner([1.0, 2.0], [3.0, 4.0]).numpy().item()
    11.0
    """
    x1, x2 = _operands(x1, x2)
    if _rank(x1) == 0 or _rank(x2) == 0:
        return multiply(x1, x2)
    return tensordot(x1, x2, axes=[[-1], [-1]])


def vdot(x1, x2):
    """Return the dot product of two flattened tensors.

    >>> vdot([[1.0, 2.0]], [[3.0, 4.0]]).numpy().item()
    11.0
    """
    x1, x2 = (convert_to_tensor(x) for x in (x1, x2))
    return dot(reshape(x1, (-1,)), reshape(x2, (-1,)))


@primitive(shape=lambda shapes, params: _matrix_shape(shapes[0]), dtype=rules.keep)
def tril(xp, x, *, k=0):
    """Return x with zeros above the k-th diagonal of its last two axes.

    >>> tril([[1, 2], [3, 4]]).numpy()
    array([[1, 0],
           [3, 4]], dtype=int32)
    """
    _matrix_shape(x.shape)
    return xp.tril(x, k)


def _matrix_shape(shape):
    if len(shape) < 2:
        raise ValueError(f"at least 2 dimensions are needed, got shape {shape}.")
    return shape


tril.vjp(lambda F, g, k: F.tril(g, k=k))
tril.cases = case("3,4"), case("2,3,3", k=-1), fails("3", match="2 dimensions")


@primitive(shape=lambda shapes, params: _matrix_shape(shapes[0]), dtype=rules.keep)
def triu(xp, x, *, k=0):
    """Return x with zeros below the k-th diagonal of its last two axes.

    >>> triu([[1, 2], [3, 4]]).numpy()
    array([[1, 2],
           [0, 4]], dtype=int32)
    """
    _matrix_shape(x.shape)
    return xp.triu(x, k)


triu.vjp(lambda F, g, k: F.triu(g, k=k))
triu.cases = case("3,4"), case("2,3,3", k=1), fails("3", match="2 dimensions")


def _diagonal_shape(shapes, params):
    shape = shapes[0]
    a, b = (rules.normalize_axis(params[name], len(shape)) for name in ("axis1", "axis2"))
    rest = tuple(n for i, n in enumerate(shape) if i not in (a, b))
    if shape[a] is None or shape[b] is None:
        return (*rest, None)
    offset = params["offset"]
    return (*rest, max(0, min(shape[a] + min(offset, 0), shape[b] - max(offset, 0))))


@primitive(shape=_diagonal_shape, dtype=rules.keep)
def diagonal(xp, x, *, offset=0, axis1=0, axis2=1):
    """Return the diagonal over two axes, as a new last axis.

    >>> diagonal([[1, 2], [3, 4]]).numpy()
    array([1, 4], dtype=int32)
    """
    return xp.diagonal(x, offset, axis1, axis2).copy()


@primitive(shape=lambda shapes, params: tuple(params["shape"]), dtype=rules.keep)
def undiagonal(xp, g, *, shape, offset, axis1, axis2):
    """Return zeros of `shape` with g on the diagonal: the transpose of `diagonal`."""
    out = xp.zeros(shape, g.dtype)
    lead = xp.moveaxis(out, (axis1, axis2), (-2, -1))
    places = xp.arange(g.shape[-1])
    lead[..., places + max(0, -offset), places + max(0, offset)] = g
    return out


diagonal.vjp(
    lambda F, g, x_shape, offset, axis1, axis2: F.undiagonal(
        g, shape=x_shape, offset=offset, axis1=axis1, axis2=axis2
    )
)
diagonal.cases = case("3,4"), case("2,3,3", axis1=1, axis2=2, offset=1), case("3,3", offset=-1)
undiagonal.vjp(lambda F, g, offset, axis1, axis2: F.diagonal(g, offset=offset, axis1=axis1, axis2=axis2))
undiagonal.cases = (case("2", shape=(3, 3), offset=1, axis1=0, axis2=1),)


def _diagonal_matrix_shape(shapes, params):
    if len(shapes[0]) != 1:
        raise ValueError(f"a vector is needed, got shape {shapes[0]}.")
    n = None if shapes[0][0] is None else shapes[0][0] + abs(params["k"])
    return (n, n)


@primitive(shape=_diagonal_matrix_shape, dtype=rules.keep)
def diagonal_matrix(xp, x, *, k=0):
    """Return the matrix with the vector x on its k-th diagonal and zeros elsewhere."""
    _diagonal_matrix_shape([x.shape], {"k": k})
    return xp.diag(x, k)


diagonal_matrix.vjp(lambda F, g, k: F.diagonal(g, offset=k))
diagonal_matrix.cases = case("3"), case("2", k=1), case("2", k=-2), fails("2,2", match="vector")


def trace(x, offset=0, axis1=0, axis2=1):
    """Return the sum over a diagonal.

    >>> trace([[1, 2], [3, 4]]).numpy().item()
    5
    """
    return sum(diagonal(x, offset=offset, axis1=axis1, axis2=axis2), axis=-1)


def diag(x, k=0):
    """Return the k-th diagonal of a matrix, or a matrix with a vector on its k-th diagonal.

    >>> diag([1, 2]).numpy()
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    (x,) = _operands(x)
    return diagonal_matrix(x, k=k) if len(x.shape) == 1 else diagonal(x, offset=k)


def diagflat(x, k=0):
    """Return a matrix with the elements of x on its k-th diagonal.

    >>> diagflat([[1, 2]]).numpy()
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    return diagonal_matrix(reshape(x, (-1,)), k=k)


def _kron_shape(shapes, params):
    rank = max(map(len, shapes))
    s1, s2 = ((1,) * (rank - len(s)) + tuple(s) for s in shapes)
    return tuple(None if n is None or m is None else n * m for n, m in zip(s1, s2))


@primitive(shape=_kron_shape, dtype=rules.promote)
def kron(xp, x1, x2):
    """Return the Kronecker product: every element of x1 times the whole of x2.

    >>> kron([[1, 2]], [[1], [1]]).numpy()
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    return xp.kron(x1, x2)


def _kron_dx(F, g, x1, x2, which):
    """Sum over the axes of the other factor, of which g holds one pair (of x1, of x2) for each of its own."""
    rank = len(g.shape)
    s1, s2 = ((1,) * (rank - len(x.shape)) + tuple(x.shape) for x in (x1, x2))
    pairs = F.reshape(g, newshape=tuple([n for pair in zip(s1, s2) for n in pair]))
    other, sizes = (x2, s2) if which == 0 else (x1, s1)
    spread = F.reshape(other, newshape=tuple([n for m in sizes for n in ((1, m) if which == 0 else (m, 1))]))
    total = F.sum(pairs * spread, axis=tuple(range(1 - which, 2 * rank, 2)))
    return F.reshape(total, newshape=(x1, x2)[which].shape)


kron.vjp(lambda F, g, x1, x2: _kron_dx(F, g, x1, x2, 0), lambda F, g, x1, x2: _kron_dx(F, g, x1, x2, 1))
kron.cases = case("2,3", "3,2"), case("2", "2,3"), case("2,2,2", "2"), case("2:int32", "2")
