"""A trace of what the CPU does: which of kx's functions run when, and for how long."""

import gzip
import json
import os
import platform
import sys
import time


class HostTrace:
    """Times every call of a function of kx between `start` and `stop`, in this thread.

    The file is of the Trace Event Format, which TensorBoard's profile plugin, Perfetto and Chrome read.
    https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

    >>> from kx_tensor import ops
    >>> trace = HostTrace()
    >>> trace.start(); _ = ops.exp(ops.ones(3)); trace.stop()
    >>> any("exp" in event["name"] for event in trace.events)
    True
    """

    def __init__(self):
        self.events = []
        self._open = []  # (frame, start) of the calls that have not returned
        self._previous = None

    def start(self):
        """Begin to time calls."""
        self._previous = sys.getprofile()
        sys.setprofile(self._note)

    def stop(self):
        """Stop timing calls."""
        sys.setprofile(self._previous)

    def _note(self, frame, event, argument):
        now = time.perf_counter()
        if event == "call":
            self._open.append((frame, now))
        elif event == "return" and self._open:
            caller, start = self._open.pop()
            if caller is frame and _is_ours(frame.f_code):
                self.events.append(
                    {
                        "ph": "X",
                        "name": frame.f_code.co_qualname,
                        "ts": start * 1e6,
                        "dur": (now - start) * 1e6,
                        "pid": 1,
                        "tid": 1,
                        "args": {"file": os.path.basename(frame.f_code.co_filename)},
                    }
                )

    def save(self, folder):
        """Write the trace to `folder`, under the name of this computer."""
        os.makedirs(folder, exist_ok=True)
        names = [
            {"ph": "M", "name": "process_name", "pid": 1, "args": {"name": "/host:CPU"}},
            {"ph": "M", "name": "thread_name", "pid": 1, "tid": 1, "args": {"name": "Python"}},
        ]
        path = os.path.join(folder, f"{platform.node()}.trace.json.gz")
        with gzip.open(path, "wt", encoding="utf-8") as file:
            json.dump({"displayTimeUnit": "ns", "traceEvents": names + self.events}, file)


def _is_ours(code):
    path = code.co_filename.replace(os.sep, "/")
    return "/kx_" in path or "/kx/" in path
