"""Logs sent to a server."""

import json
import warnings

import numpy as np

from kx_models.callbacks.callback import Callback


class RemoteMonitor(Callback):
    """Send the logs of each epoch by HTTP POST to `root` + `path`.

    The body is a form whose field `field` holds JSON, or with `send_as_json` JSON itself: the logs and the "epoch".
    A server that cannot be reached gives a warning; training goes on.

    >>> monitor = RemoteMonitor(root="http://localhost:1", send_as_json=True)
    >>> monitor.body(3, {"loss": 0.5})
    b'{"loss": 0.5, "epoch": 3}'
    """

    def __init__(
        self,
        root="http://localhost:9000",
        path="/publish/epoch/end/",
        field="data",
        headers=None,
        send_as_json=False,
    ):
        super().__init__()
        if not root.startswith(("http://", "https://")):
            raise ValueError(
                f"root must be the address of a web server, http://... or https://..., got {root!r}."
            )
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch, logs=None):
        from urllib import error, request

        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        message = request.Request(self.root + self.path, data=self.body(epoch, logs), headers=headers)
        try:
            request.urlopen(message, timeout=10).close()
        except error.HTTPError as problem:
            warnings.warn(
                f"The RemoteMonitor server at {self.root} refused the logs: {problem}.", stacklevel=2
            )
        except OSError:
            warnings.warn(f"Could not reach RemoteMonitor root server at {self.root}", stacklevel=2)

    def body(self, epoch, logs=None):
        """Return what is sent after an epoch."""
        from urllib import parse

        text = json.dumps({key: _plain(value) for key, value in {**(logs or {}), "epoch": epoch}.items()})
        return (text if self.send_as_json else parse.urlencode({self.field: text})).encode()


def _plain(value):
    """Return numbers and arrays as JSON knows them."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
