"""Every test gets a cache of its own; a loopback HTTP server stands in for the network."""

import http.server
import os
import pathlib
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))  # for the cases that tests and recordings share

_GIVEN = os.environ.get("KX_DATASETS")
_SHARED = pathlib.Path(__file__).parents[4] / "shared" / "datasets"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A fresh cache folder; no local folder, no proxy."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    for name in ("KX_DATASETS", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def real(monkeypatch):
    """The folder of the real files, which `KX_DATASETS` names; skips where there is none."""
    folder = _GIVEN or (str(_SHARED) if _SHARED.is_dir() else None)
    if folder is None:
        pytest.skip("needs the real dataset files: set KX_DATASETS to their folder")
    monkeypatch.setenv("KX_DATASETS", folder)
    return pathlib.Path(folder.split(os.pathsep)[0])


class Server:
    """`files` maps paths to the bytes served, `announced` paths to a Content-Length that is not theirs."""

    def __init__(self, url):
        self.url, self.files, self.announced, self.redirects, self.requests = url, {}, {}, {}, []


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state.requests.append(self.path)
            if self.path in state.redirects:
                self.send_response(302)
                self.send_header("Location", state.redirects[self.path])
                self.end_headers()
            elif self.path in state.files:
                body = state.files[self.path]
                self.send_response(200)
                self.send_header("Content-Length", str(state.announced.get(self.path, len(body))))
                self.end_headers()
                self.wfile.write(body)
            else:
                self.send_error(404)

        def log_message(self, *args):
            """Keep the test output quiet."""

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{httpd.server_port}")
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()
