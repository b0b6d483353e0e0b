"""The same workloads in plain PyTorch: modules, an own training loop, eager, PyTorch's own defaults.

`nn.LSTM` has neither of Keras's dropouts, so "lstm" is the one without. The output units give logits, as PyTorch's
losses want them.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from workloads import CLASSES, HEADS, HIDDEN, LENGTH, WIDTH, WORDS


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, WIDTH)
        self.recurrent = kind(WIDTH, WIDTH, batch_first=True)
        self.unit = nn.Linear(WIDTH, 1)

    def forward(self, x):
        outputs, _ = self.recurrent(self.embedding(x))
        return self.unit(outputs[:, -1])


def normalized(inputs, filters, size, strides=1):
    convolution = nn.Conv2d(inputs, filters, size, strides, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(filters))


class Block(nn.Module):
    def __init__(self, inputs, filters, strides):
        super().__init__()
        self.first = normalized(inputs, filters, 3, strides)
        self.second = normalized(filters, filters, 3)
        self.shortcut = nn.Identity() if strides == 1 else normalized(inputs, filters, 1, strides)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, WIDTH)
        self.positions = nn.Parameter(torch.rand(LENGTH, WIDTH) / 10 - 0.05)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True) for _ in range(2)
        )
        self.unit = nn.Linear(WIDTH, 1)

    def forward(self, x):
        x = self.embedding(x) + self.positions
        for layer in self.layers:
            x = layer(x)
        return self.unit(x.mean(dim=1))


def small():
    return nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))


def mlp():
    return nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2), nn.Linear(512, 10),
    )  # fmt: skip


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(12 * 12 * 64, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10),
    )  # fmt: skip


def resnet():
    blocks, before = [], 16
    for filters in (16, 32, 64):
        for number in range(3):
            blocks.append(Block(before, filters, 2 if number == 0 and filters > 16 else 1))
            before = filters
    return nn.Sequential(
        normalized(3, 16, 3), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)
    )


MODELS = {
    "small_sgd": small, "small_adam": small, "mlp_sgd": mlp, "mlp_adam": mlp, "cnn": cnn,
    "lstm": lambda: Recurrent(nn.LSTM), "lstm_plain": lambda: Recurrent(nn.LSTM), "gru": lambda: Recurrent(nn.GRU),
    "resnet": resnet, "transformer": Transformer,
}  # fmt: skip

# With Keras's settings.
OPTIMIZERS = {
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.01),
    "adam": lambda weights: torch.optim.Adam(weights, lr=0.001, eps=1e-7),
    "adadelta": lambda weights: torch.optim.Adadelta(weights, lr=0.001, rho=0.95, eps=1e-7),
}


class Trainer:
    """A model with as much of Keras's interface as is measured; data in Keras's layout."""

    def __init__(self, name, workload):
        self.module = MODELS[name]()
        self.optimizer = OPTIMIZERS[workload.optimizer](self.module.parameters())
        self.loss = workload.loss

    def tensors(self, x):
        """Return x as a tensor, pictures with the channels first."""
        x = torch.from_numpy(x)
        return x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x

    def losses(self, outputs, y):
        """Return the loss of a batch and how many of its answers are right."""
        if self.loss == "mse":
            return F.mse_loss(outputs, y), 0
        if self.loss == CLASSES:
            return F.cross_entropy(outputs, y), (outputs.argmax(1) == y.argmax(1)).sum()
        return F.binary_cross_entropy_with_logits(outputs, y), ((outputs > 0) == (y > 0.5)).sum()

    def fit(self, x, y, batch_size):
        """Train for one epoch of shuffled batches, and return its mean loss and accuracy."""
        self.module.train()
        total = right = 0.0
        for chosen in torch.randperm(len(x)).split(batch_size):
            self.optimizer.zero_grad()
            loss, hits = self.losses(self.module(x[chosen]), y[chosen])
            loss.backward()
            self.optimizer.step()
            total += float(loss.detach()) * len(chosen)
            right += float(hits)
        return total / len(x), right / len(x)

    def predict(self, x, batch_size):
        """Return the outputs for all of x."""
        return np.concatenate([self.predict_on_batch(batch) for batch in x.split(batch_size)])

    def predict_on_batch(self, x):
        """Return the outputs for one batch."""
        self.module.eval()
        with torch.inference_mode():
            return self.module(x).numpy()
