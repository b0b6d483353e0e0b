"""`Function`: the graph between some symbolic tensors, run on values as a flat list of steps."""

from kx_tensor import tree
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor


class Function:
    """Maps inputs to outputs through the recorded graph between them.

    `inputs` and `outputs` are KerasTensors in any nested structure. Calling it runs the operations in order; the plan
    (which slot feeds which operation) is made once.

    >>> from kx_tensor import ops
    >>> x = KerasTensor((None, 2))
    >>> double = Function(x, ops.add(x, x))
    >>> double(ops.convert_to_tensor([[1.0, 2.0]])).numpy()
    array([[2., 4.]], dtype=float32)
    """

    def __init__(self, inputs, outputs, name=None):
        self.name = name
        self._inputs_struct = inputs
        self._outputs_struct = outputs
        self.inputs = tree.flatten(inputs)
        self.outputs = tree.flatten(outputs)
        for kind, tensors in (("input", self.inputs), ("output", self.outputs)):
            for t in tensors:
                if not isinstance(t, KerasTensor):
                    raise ValueError(f"Function: every {kind} must be a KerasTensor, got {t!r}.")
        self.nodes = self._sort()
        self.steps, self._output_slots = self._plan()

    @property
    def operations(self):
        """The operations of the graph in the order in which they run, each once."""
        return list({id(n.operation): n.operation for n in self.nodes}.values())

    def _sort(self):
        """The nodes between inputs and outputs in an order in which each comes after what it needs."""
        given = {t.key for t in self.inputs}
        done, order, active = set(), [], set()
        stack = [(t, False) for t in reversed(self.outputs)]
        while stack:
            tensor, expanded = stack.pop()
            if expanded:
                active.discard(tensor.node)
                if tensor.node not in done:
                    done.add(tensor.node)
                    order.append(tensor.node)
                continue
            if tensor.key in given or tensor.node in done:
                continue
            if tensor.node is None or tensor.node.is_input:
                raise ValueError(
                    f"The outputs can't be computed from the inputs: {tensor!r} is needed, but is neither an input nor "
                    f"made of the inputs {[t.name for t in self.inputs]}."
                )
            if tensor.node in active:
                continue
            active.add(tensor.node)
            stack.append((tensor, True))
            stack.extend((t, False) for t in reversed(tensor.node.inputs))
        return order

    def _plan(self):
        """The steps (operation, arguments, only slot read, first slot written, how many, slots not needed after)."""
        slots = {t.key: i for i, t in enumerate(self.inputs)}
        steps, last_use = [], {}
        for number, node in enumerate(self.nodes):
            template, single = _template(node, slots)
            first = len(slots)
            last_use.update((slots[t.key], number) for t in node.inputs)
            for i in range(len(node.output_specs)):
                slots[(node, i)] = first + i
                last_use[first + i] = number
            steps.append((node.operation, template, single, first, len(node.output_specs), []))
        outputs = [slots[t.key] for t in self.outputs]
        for slot, number in last_use.items():
            if slot not in outputs:
                steps[number][-1].append(slot)
        return steps, outputs

    def run(self, values, call=None):
        """Run the graph on a flat list of values (one per input) and return the flat list of outputs.

        `call(operation, args, kwargs)` replaces the plain call, to pass `training` or a mask.
        """
        values = list(values)
        for operation, template, single, _, count, done in self.steps:
            if single is not None and call is None:
                result = operation(values[single])
            else:
                args, kwargs = _fill(template, values)
                result = operation(*args, **kwargs) if call is None else call(operation, args, kwargs)
            if count == 1 and isinstance(result, (Tensor, KerasTensor)):
                values.append(result)
            else:
                values.extend(tree.flatten(result))
            for i in done:  # its memory serves the next steps, unless a tape keeps it
                values[i] = None
        return [values[i] for i in self._output_slots]

    def __call__(self, inputs):
        outputs = self.run(tree.flatten(inputs))
        return tree.pack_sequence_as(self._outputs_struct, outputs)

    def compute_output_spec(self, inputs):
        """Return the outputs for symbolic inputs."""
        return self(inputs)


class _Slot:
    """Stands in an argument template for the value at `index`."""

    __slots__ = ("index",)

    def __init__(self, index):
        self.index = index


def _template(node, slots):
    """The node's arguments with slots for tensors, and the slot of the only argument if there is just one tensor."""
    only = node.args[0] if len(node.args) == 1 and not node.kwargs else None

    def replace(x):
        if isinstance(x, KerasTensor):
            return _Slot(slots[x.key])
        if isinstance(x, (list, tuple)):
            return type(x)(replace(i) for i in x)
        if isinstance(x, dict):
            return {k: replace(v) for k, v in x.items()}
        return x

    template = (replace(tuple(node.args)), replace(node.kwargs))
    return template, slots[only.key] if isinstance(only, KerasTensor) else None


def _fill(x, values):
    """The template `x` with values in its slots."""
    if isinstance(x, _Slot):
        return values[x.index]
    if isinstance(x, (list, tuple)):
        return type(x)(_fill(i, values) for i in x)
    if isinstance(x, dict):
        return {k: _fill(v, values) for k, v in x.items()}
    return x
