"""Event files, which TensorBoard reads: scalars, histograms, images and graphs, written without TensorFlow."""

import io
import json
import time

import numpy as np

from kx_io import serialize_keras_object
from kx_models.graph_frames import Frame, framed
from kx_models.summary import kind_of

_NO_TENSORBOARD = "TensorBoard is needed to write its files: pip install tensorboard."


class EventFile:
    """An event file in `folder`, which is made if need be. Every record has a tag and a step.

    ImportError without the package tensorboard.

    >>> events = EventFile("logs/train")
    >>> events.scalar("epoch_loss", 0.5, step=0)
    >>> events.close()
    """

    def __init__(self, folder):
        try:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as error:
            raise ImportError(_NO_TENSORBOARD) from error
        self._writer = EventFileWriter(str(folder), filename_suffix=".v2")

    def scalar(self, tag, value, step):
        """Write one number."""
        from tensorboard.plugins.scalar import metadata

        self._add(tag, np.float32(value), metadata.create_summary_metadata("", ""), step)

    def histogram(self, tag, values, step, buckets=30):
        """Write how the numbers of an array are distributed: rows (from, to, count)."""
        from tensorboard.plugins.histogram import metadata

        table = histogram_table(values, buckets)
        self._add(tag, table, metadata.create_summary_metadata("", ""), step)

    def images(self, tag, images, step):
        """Write images, shape (n, height, width, 1 or 3), dtype uint8."""
        from tensorboard.plugins.image import metadata

        height, width = images.shape[1:3]
        parts = [str(width).encode(), str(height).encode(), *map(_png, images)]
        self._add(tag, np.array(parts, object), metadata.create_summary_metadata("", ""), step)

    def model(self, model):
        """Write the graph of a model: as TensorBoard's own kind of graph, and as Keras's JSON under the tag "keras"."""
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.plugins.graph import metadata

        graph = graph_def(model)
        self._writer.add_event(
            event_pb2.Event(wall_time=time.time(), step=0, graph_def=graph.SerializeToString())
        )
        kind = summary_pb2.SummaryMetadata.PluginData(
            plugin_name=metadata.PLUGIN_NAME_KERAS_MODEL, content=b"1"
        )
        text = json.dumps(serialize_keras_object(model))
        self._add("keras", np.array(text.encode(), object), summary_pb2.SummaryMetadata(plugin_data=kind), 0)

    def _add(self, tag, value, metadata, step):
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.util import tensor_util

        record = summary_pb2.Summary.Value(
            tag=tag, metadata=metadata, tensor=tensor_util.make_tensor_proto(value)
        )
        summary = summary_pb2.Summary(value=[record])
        self._writer.add_event(event_pb2.Event(wall_time=time.time(), step=step, summary=summary))

    def flush(self):
        """Write out what is still in memory."""
        self._writer.flush()

    def close(self):
        """Write out everything and close the file."""
        self._writer.close()


def histogram_table(values, buckets=30):
    """Return rows (from, to, count) of equal buckets over the finite values, float64.

    >>> histogram_table(np.array([0.0, 1.0, 1.0]), buckets=2).tolist()
    [[0.0, 0.5, 1.0], [0.5, 1.0, 2.0]]
    """
    values = np.asarray(values, np.float64).ravel()
    values = values[np.isfinite(values)]
    if not values.size:
        return np.zeros((buckets, 3))
    low, high = values.min(), values.max()
    if low == high:  # all in the last bucket, as TensorBoard has it
        table = np.full((buckets, 3), low)
        table[:, 2] = [0] * (buckets - 1) + [values.size]
        return table
    counts, edges = np.histogram(values, bins=buckets, range=(low, high))
    return np.stack([edges[:-1], edges[1:], counts.astype(np.float64)], axis=1)


def weight_images(weight, most=3):
    """Return an array as gray or colour images, uint8 of shape (n, height, width, 1 or 3), or None for one number.

    Numbers from the least to the largest become black to white. Vectors are columns, matrices lie down;
    of kernels (height, width, channels, filters) the first `most` filters are shown.

    >>> weight_images(np.eye(4, 2)).shape, weight_images(np.ones((3, 3, 8, 16))).shape
    ((1, 2, 4, 1), (3, 3, 3, 1))
    """
    x = np.squeeze(np.asarray(weight, np.float32))
    if x.ndim == 0 or x.ndim > 4 or not x.size:
        return None
    if x.ndim == 1:
        x = x[None, :, None, None]
    elif x.ndim == 2:
        x = (x.T if x.shape[0] > x.shape[1] else x)[None, :, :, None]
    elif x.ndim == 3:
        x = x.transpose(2, 0, 1)[..., None]
    else:
        x = x.transpose(3, 0, 1, 2)
        x = x if x.shape[-1] == 3 else x.mean(axis=-1, keepdims=True)
    low, high = np.nanmin(x), np.nanmax(x)
    scaled = (x[:most] - low) / (high - low) if high > low else np.full_like(x[:most], 0.5)
    return np.round(np.nan_to_num(scaled) * 255).astype(np.uint8)


def _png(image):
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, format="PNG")
    return file.getvalue()


def graph_def(model):
    """Return a model as a TensorFlow GraphDef, each layer a node, models inside it with their layers below them."""
    from tensorboard.compat.proto import attr_value_pb2, graph_pb2, versions_pb2

    graph = graph_pb2.GraphDef(versions=versions_pb2.VersionDef(producer=22))
    boxes, arrows = _flattened(framed(model, expand_nested=True))
    for box in boxes:
        node = graph.node.add(name=box.path, op=kind_of(box.step.operation))
        node.input.extend(start for start, end in arrows if end == box.path)
        for call in box.step.calls[:1]:
            shapes = attr_value_pb2.AttrValue.ListValue()
            for shape, _, _ in call.output_specs:
                sizes = shapes.shape.add().dim
                for n in shape:
                    sizes.add(size=-1 if n is None else n)
            node.attr["_output_shapes"].list.CopyFrom(shapes)
    return graph


def _flattened(frame):
    """All boxes and arrows of a frame and the frames in it."""
    boxes, arrows = [], list(frame.arrows)
    for part in frame.parts:
        if isinstance(part, Frame):
            inner_boxes, inner_arrows = _flattened(part)
            boxes += inner_boxes
            arrows += inner_arrows
        else:
            boxes.append(part)
    return boxes, arrows
