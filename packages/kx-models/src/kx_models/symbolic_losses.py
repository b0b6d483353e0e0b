"""Losses and metrics made of a model's symbolic tensors, as Keras 2 has them: `model.add_loss(K.mean(...))`."""

from kx_layers.call_signature import tensors_in
from kx_layers.context import calling
from kx_layers.layer import Layer
from kx_losses.metric import Mean
from kx_tensor import ops
from kx_tensor.graph import Function
from kx_tensor.structure import structure
from kx_tensor.symbolic import KerasTensor


class SymbolicLosses:
    """What a model with a graph computes besides its outputs: further losses, and metrics to watch."""

    _graph = None
    _extra_graph = None  # from the model's inputs to its outputs, the added losses, the added metrics

    def add_loss(self, loss, inputs=None):
        """Add a loss: a scalar inside `call`, or a symbolic tensor made of the model's own tensors.

        A symbolic one is computed from the data of each step, averaged, and added to the compiled loss. `inputs` is an
        argument of Keras 2; what a loss depends on shows in the loss.
        """
        given = loss if isinstance(loss, (list, tuple)) else [loss]
        symbolic = [one for one in given if isinstance(one, KerasTensor)]
        if symbolic and self._graph is not None:
            self._extra_tensors()["losses"] += symbolic
            self._connect_extra()
        super().add_loss([one for one in given if not isinstance(one, KerasTensor)])

    def add_metric(self, value, name=None, aggregation="mean"):
        """Watch the mean of a symbolic tensor made of the model's own tensors, under `name` in the logs."""
        if aggregation not in ("mean", None):
            raise ValueError(f"add_metric averages: aggregation must be 'mean', got {aggregation!r}.")
        if not isinstance(value, KerasTensor) or self._graph is None:
            raise ValueError(
                "add_metric of a model takes a symbolic tensor made of its inputs; for values at hand keep a "
                "keras.metrics.Mean as an attribute and call its update_state."
            )
        extra = self._extra_tensors()
        extra["metrics"].append(value)
        self.extra_metrics = [*self.extra_metrics, Mean(name=name or value.name)]
        self._connect_extra()

    extra_metrics = ()

    def _extra_tensors(self):
        if "_extra" not in self.__dict__:
            self.untracked("_extra", {"losses": [], "metrics": []})
        return self._extra

    def _connect_extra(self):
        extra = self._extra
        wanted = [*self._graph.outputs, *extra["losses"], *extra["metrics"]]
        graph = Function(self._graph.inputs, wanted, name=self.name)
        self.untracked("_extra_graph", graph)
        known = {id(layer) for layer in self._flatten_layers()}
        new = [op for op in graph.operations if isinstance(op, Layer) and id(op) not in known]
        if new:
            self.loss_layers = new
        structure.version += 1

    def _run_with_extra(self, values, call):
        """Run the graph, keep the added losses for this step, update the added metrics; return the outputs."""
        results = self._extra_graph.run(values, call=call)
        count, losses = len(self._graph.outputs), len(self._extra["losses"])
        if not any(isinstance(r, KerasTensor) for r in results):
            for value in results[count : count + losses]:
                self.add_loss(ops.mean(value))
            for metric, value in zip(self.extra_metrics, results[count + losses :]):
                metric.update_state(value)
        return results[:count]

    def _value_of(self, loss, x):
        """The value of a loss that a loss function made of the model's symbolic tensors, for inputs x."""
        if self._graph is None or not tensors_in(((x,), {})):
            raise ValueError(f"The loss {loss!r} is symbolic, and there are no inputs to compute it from.")
        with calling(self, None):
            return Function(self._graph.inputs, loss).run(self._standardize(x))[0]
