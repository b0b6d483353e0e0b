"""Models whose summaries and diagrams are compared with Keras's; `keras` is Keras, or kx's names for it."""

import html
import re


def nested(keras):
    layers = keras.layers
    start = keras.Input((3,), name="start")
    y = layers.Dense(2, name="d2")(layers.Dense(3, name="d1", activation="tanh")(start))
    deep = keras.Model(start, y, name="deep")
    mid = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="m1"), deep], name="mid")
    x = keras.Input((3,), name="x")
    h = mid(x)
    outputs = [layers.Dense(1, name="top")(h), layers.Add(name="sum")([h, mid(keras.ops.exp(x))])]
    return keras.Model(x, outputs, name="nested")


def two_branches(keras):
    layers = keras.layers
    x, z = keras.Input((4,), name="x"), keras.Input((3,), name="z", dtype="int32")
    shared = layers.Dense(3, activation="relu", name="shared")
    e = layers.Flatten(name="flat")(layers.Embedding(5, 2, name="embed")(z))
    both_ways = layers.Bidirectional(layers.LSTM(2, name="lstm"), name="both_ways")
    s = both_ways(layers.Reshape((3, 2), name="steps")(e))
    y = layers.Dense(2, name="out")(layers.Concatenate(name="cat")([shared(x), e, s]))
    return keras.Model([x, z], [y, shared(keras.ops.exp(x))], name="two_branches")


def seq2seq(keras):
    layers = keras.layers
    a, b = keras.Input((None, 5), name="source"), keras.Input((None, 4), name="target")
    _, h, c = layers.LSTM(6, return_state=True, name="encoder")(a)
    decoder = layers.LSTM(6, return_sequences=True, return_state=True, name="decoder")
    y, _, _ = decoder(b, initial_state=[h, c])
    return keras.Model([a, b], layers.Dense(4, activation="softmax", name="out")(y), name="seq2seq")


def frozen(keras):
    layers = keras.layers
    stack = [
        keras.Input((8, 8, 1)),
        layers.Conv2D(4, 3, name="conv", trainable=False),
        layers.BatchNormalization(name="norm"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(name="flat"),
        layers.Dropout(0.5, name="drop"),
        layers.Dense(10, name="out"),
    ]
    return keras.Sequential(stack, name="frozen")


def compiled(keras):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, name="a"), keras.layers.Dense(1, name="b")], name="compiled"
    )
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def functions(keras):
    layers = keras.layers
    x, y = keras.Input((4,), name="x"), keras.Input((4,), name="y")
    h = layers.Dense(4, name="h")(x)
    r = layers.Multiply(name="product")([h, y])
    r = r * 2.0 + h + y
    outputs = {"p": layers.Dense(1, name="p")(r), "q": layers.Dense(2, name="q")(r[:, :2])}
    return keras.Model({"x": x, "y": y}, outputs, name="functions")


def unbuilt(keras):
    return keras.Sequential(
        [keras.layers.Dense(3, name="a"), keras.layers.Dense(1, name="b")], name="unbuilt"
    )


def states(keras):
    layers = keras.layers
    a = keras.Input((5, 3), name="a")
    y, h, c = layers.LSTM(4, return_state=True, return_sequences=True, name="lstm")(a)
    y = layers.TimeDistributed(layers.Dense(2, name="each"), name="steps")(y)
    y = layers.MultiHeadAttention(2, 3, name="attention")(y, y)
    return keras.Model(a, [y, h, c], name="states")


MODELS = {
    make.__name__: make
    for make in (
        nested,
        two_branches,
        seq2seq,
        frozen,
        compiled,
        functions,
        unbuilt,
        states,
    )
}


def boxes_and_arrows(graph):
    """What a pydot graph and its clusters show, without how it looks."""
    boxes, arrows, titles = [], [], {}

    def collect(part):
        for node in part.get_nodes():
            label = node.get_label()
            if label:
                cells = re.findall(r"<td.*?</td>", label)
                boxes.append([html.unescape(re.sub("<.*?>", "", cell)) for cell in cells])
                titles[node.get_name()] = boxes[-1][0]
        arrows.extend(part.get_edges())
        for inner in part.get_subgraphs():
            collect(inner)

    collect(graph)
    ends = [[titles[a.get_source()], titles[a.get_destination()]] for a in arrows]
    return sorted(boxes), sorted(ends)


def rows(summary):
    """The lines of a summary without the borders between them."""
    return [line.rstrip() for line in summary.split("\n") if line.strip(" ┏━┳┓┡╇┩├─┼┤└┴┘")]
