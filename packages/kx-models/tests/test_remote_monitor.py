"""RemoteMonitor, with a server on this computer."""

import http.server
import json
import threading
from urllib import parse

import numpy as np
import pytest

from kx_models.callbacks import RemoteMonitor


@pytest.fixture
def server():
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, self.headers, body))
            self.send_response(500 if "refuse" in self.path else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", received
        running.shutdown()
        thread.join()


LOGS = {"loss": np.float32(0.5), "per_class": np.array([1.0, 2.0]), "name": "run"}


def test_a_form_with_json(server):
    root, received = server
    RemoteMonitor(root, headers={"X-Run": "7"}, field="entry").on_epoch_end(3, LOGS)
    ((path, headers, body),) = received
    assert path == "/publish/epoch/end/"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["X-Run"] == "7"
    fields = parse.parse_qs(body.decode())
    assert json.loads(fields["entry"][0]) == {"loss": 0.5, "per_class": [1, 2], "name": "run", "epoch": 3}


def test_json(server):
    root, received = server
    RemoteMonitor(root, path="/in", send_as_json=True).on_epoch_end(0, LOGS)
    ((path, headers, body),) = received
    assert (path, headers["Content-Type"]) == ("/in", "application/json")
    assert json.loads(body)["epoch"] == 0


def test_training_goes_on_without_a_server(server):
    root, _ = server
    with pytest.warns(UserWarning, match="refused the logs: HTTP Error 500"):
        RemoteMonitor(root, path="/refuse").on_epoch_end(0, LOGS)
    with pytest.warns(UserWarning, match="Could not reach RemoteMonitor root server at http://127.0.0.1:9"):
        RemoteMonitor("http://127.0.0.1:9").on_epoch_end(0, LOGS)
    with pytest.raises(ValueError, match="root must be the address of a web server"):
        RemoteMonitor("file:///etc")
