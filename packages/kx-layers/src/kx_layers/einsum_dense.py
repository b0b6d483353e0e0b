"""`EinsumDense`: a dense layer over any axes, by an einsum equation."""

import math
import re

from kx_io import field, register
from kx_layers import activations, constraints, initializers, regularizers
from kx_layers.activations import linear
from kx_layers.dense import FUSED
from kx_layers.layer import Layer
from kx_layers.unsupported import only_none
from kx_tensor import ops

_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


def _sizes(shape):
    return (shape,) if isinstance(shape, int) else tuple(shape)


@register("layers")
class EinsumDense(Layer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    `equation` is "inputs,kernel->output",
    where "..." may lead or trail in both inputs and output. `output_shape` is the
    output's shape without the batch axis, None for sizes that the input decides. `bias_axes` names the output axes
    over which the bias varies; None for no bias.

    >>> layer = EinsumDense("abc,cd->abd", output_shape=(None, 4), bias_axes="d")
    >>> layer.compute_output_shape((None, 10, 3))
    (None, 10, 4)
    """

    equation: str = field()
    output_shape = field(to=_sizes)
    activation = field(None, to=activations.get, save=activations.serialize)
    bias_axes = field(None)
    kernel_initializer = field("glorot_uniform", to=initializers.get)
    bias_initializer = field("zeros", to=initializers.get)
    kernel_regularizer = field(None, to=regularizers.get)
    bias_regularizer = field(None, to=regularizers.get)
    kernel_constraint = field(None, to=constraints.get)
    bias_constraint = field(None, to=constraints.get)
    lora_rank = field(None, check=only_none("LoRA"), config=False)
    lora_alpha = field(None, check=only_none("LoRA"), config=False)
    gptq_unpacked_column_size = field(None, check=only_none("quantization"), config=False)
    quantization_config = field(None, check=only_none("quantization"))
    activity_regularizer = field(None, to=regularizers.get)

    def __post_init__(self):
        super().__post_init__()
        self.untracked("_parsed", _parse(self.equation))

    def build(self, input_shape):
        kernel_shape, bias_shape = _weight_shapes(
            self._parsed, input_shape, self.output_shape, self.bias_axes
        )
        self.kernel = self.add_weight(
            kernel_shape,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if bias_shape is not None:
            self.bias = self.add_weight(
                bias_shape,
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, inputs):
        if len(inputs.shape) < len(self._parsed.inputs):
            raise ValueError(
                f"Layer {self.name!r}: equation {self.equation!r} needs inputs with "
                f"{len(self._parsed.inputs)} axes, got shape "
                f"{tuple(inputs.shape)}."
            )
        if self._parsed.contracted:
            return self._dense(inputs)
        out = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            out = ops.add(out, self.bias)
        return self.activation(out)

    def _dense(self, inputs):
        """The same where the kernel takes the last axes of the input to those of the output: as one matrix product."""
        n, sizes = self._parsed.contracted, self.kernel.shape
        units = math.prod(sizes[n:])
        kernel = self.kernel if len(sizes) == 2 else ops.reshape(self.kernel, (math.prod(sizes[:n]), units))
        x = inputs if n == 1 else ops.reshape(inputs, (*inputs.shape[:-n], kernel.shape[0]))
        bias, activation = self.bias, self.activation
        if bias is None or bias.shape == sizes[n:]:
            if bias is not None and len(sizes) != n + 1:
                bias = ops.reshape(bias, (units,))
            out, bias = ops.dense(x, kernel, bias, activation=FUSED.get(activation)), None
            activation = linear if activation in FUSED else activation
        else:
            out = ops.dense(x, kernel)
        if len(sizes) != n + 1:
            out = ops.reshape(out, (*out.shape[:-1], *sizes[n:]))
        return activation(out if bias is None else ops.add(out, bias))

    def compute_output_shape(self, input_shape):
        equation = self._parsed
        named, elided = equation.match(input_shape)
        sizes = {**equation.output_sizes(self.output_shape), **named}
        out = tuple(sizes[letter] for letter in equation.output)
        return (*elided, *out) if equation.leading else (*out, *elided)


class _Equation:
    """The letters of "inputs,kernel->output", and on which side of them "..." stands for further axes."""

    def __init__(self, inputs, kernel, output, leading, trailing):
        self.inputs, self.kernel, self.output = inputs, kernel, output
        self.leading, self.trailing = leading, trailing
        self.contracted = self._contracted()

    def _contracted(self):
        """How many of the input's last axes, all of the kernel's first, give way to the kernel's others; else 0."""
        gone = "".join(letter for letter in self.kernel if letter not in self.output)
        lead, new = self.inputs[: len(self.inputs) - len(gone)], self.kernel[len(gone) :]
        fits = (self.kernel, self.inputs, self.output) == (gone + new, lead + gone, lead + new)
        distinct = len(set(lead + gone + new)) == len(lead + gone + new)
        return len(gone) if fits and distinct and new and not self.trailing else 0

    def match(self, shape):
        """Return ({letter: size} of the input, the sizes that "..." stands for)."""
        n = len(self.inputs)
        if len(shape) < n or (len(shape) > n and not (self.leading or self.trailing)):
            raise ValueError(
                f"EinsumDense: the equation's inputs {self.inputs!r} have {n} axes, got input shape {tuple(shape)}."
            )
        split = len(shape) - n
        own, elided = (shape[split:], shape[:split]) if self.leading else (shape[:n], shape[n:])
        return dict(zip(self.inputs, own, strict=True)), tuple(elided)

    def output_sizes(self, sizes):
        """Return {letter: size} of the output from its shape without the batch axis."""
        letters = self.output if self.leading else self.output[1:]
        if len(sizes) < len(letters):
            raise ValueError(
                f"EinsumDense: output_shape={tuple(sizes)} has fewer sizes than the equation's "
                f"output {self.output!r} has axes "
                f"(without the batch axis)."
            )
        own = sizes[len(sizes) - len(letters) :] if self.leading else sizes[: len(letters)]
        found = dict(zip(letters, own, strict=True))
        if not self.leading:
            found[self.output[0]] = None
        return found


def _parse(text):
    match = _EQUATION.fullmatch(text.replace(" ", ""))
    if match is None:
        raise ValueError(
            f"EinsumDense: invalid equation {text!r}; write 'ab,bc->ac', with '...' leading or "
            "trailing in inputs and output: "
            f"'...b,bc->...c'."
        )
    before, inputs, after, kernel, out_before, output, out_after = match.groups()
    if (before, after) != (out_before, out_after) or (before and after):
        raise ValueError(
            f"EinsumDense: in equation {text!r} '...' must be on the same, single side of inputs and output."
        )
    unknown = set(output) - set(inputs) - set(kernel)
    if unknown:
        raise ValueError(
            f"EinsumDense: equation {text!r} has {sorted(unknown)} in its output, but in no operand."
        )
    return _Equation(inputs, kernel, output, bool(before), bool(after))


def _weight_shapes(equation, input_shape, output_shape, bias_axes):
    """Return the shapes of kernel and bias; the bias's is None without `bias_axes`."""
    named, _ = equation.match(input_shape)
    out = equation.output_sizes(output_shape)
    for letter, size in out.items():
        known = named.get(letter)
        if letter in named and None not in (size, known) and size != known:
            raise ValueError(
                f"EinsumDense: axis {letter!r} has size {known} in the input, but {size} in output_shape."
            )
    sizes = {**out, **{letter: size for letter, size in named.items() if size is not None}}
    kernel_shape = tuple(_known(sizes, letter, "kernel") for letter in equation.kernel)
    if bias_axes is None:
        return kernel_shape, None
    unknown = set(bias_axes) - set(equation.output)
    if unknown:
        raise ValueError(
            f"EinsumDense: bias_axes={bias_axes!r} has {sorted(unknown)}, not in the output {equation.output!r}."
        )
    first = min(equation.output.index(letter) for letter in bias_axes)
    bias_shape = [
        _known(sizes, letter, "bias") if letter in bias_axes else 1 for letter in equation.output[first:]
    ]
    if equation.trailing:
        bias_shape += [1] * (len(input_shape) - len(equation.inputs))
    return kernel_shape, tuple(bias_shape)


def _known(sizes, letter, weight):
    size = sizes.get(letter)
    if size is None:
        raise ValueError(
            f"EinsumDense: axis {letter!r} of the {weight} has no size; give it in output_shape or the input shape."
        )
    return size
