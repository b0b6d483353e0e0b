"""Progress in a terminal, a notebook or a log file, with the look of Keras."""

# Not rich.progress: it redraws from a thread of its own, hides the cursor and takes about 80 ms to import
# before the first step, for a line that this file writes itself. The tables of `summary` are rich's.

import html
import os
import shutil
import sys
import time

import numpy as np

from kx_models.messages import is_interactive_logging_enabled, say

_DONE, _TODO = "━", "━"
_PLAIN_TODO = "─"  # without colours the two parts must differ in shape
_STYLES = {"strong": "\x1b[1m", "done": "\x1b[32m", "todo": "\x1b[37m"}
_HTML_STYLES = {"strong": "font-weight:bold", "done": "color:#2a2", "todo": "color:#bbb"}

_Segments = list[tuple[str | None, str]]


class Progbar:
    """A progress bar over `target` units (None: unknown), updated by `update` or `add`.

    `verbose` 1 draws a bar at most every `interval` seconds (in a log file: one line at the end), 2 writes
    one line at the end, 0 nothing. Values are averaged over the updates, weighted by the units, except those
    named in `stateful_metrics`; with `stateless_metrics`, only those are averaged. `title` is written first.
    NO_COLOR and COLUMNS are honoured.

    >>> bar = Progbar(2, verbose=2)
    >>> bar.add(1, [("loss", 1.0)]); bar.add(1, [("loss", 0.5)])  # doctest: +ELLIPSIS
    2/2 - 0s - ...s/step - loss: 0.7500
    """

    _clock = staticmethod(time.monotonic)

    def __init__(
        self,
        target,
        width=20,
        verbose=1,
        interval=0.05,
        stateful_metrics=None,
        stateless_metrics=None,
        unit_name="step",
        title="",
    ):
        self.target = target or None
        self.width = width
        self.verbose = standardize_verbose(verbose)
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._values = {}  # name: [sum of value * units, units]
        self._seen_so_far = 0
        self._start = self._clock()
        self._first_step_end = None
        self._last_update = None
        self._title = title
        self._writer = _writer(self.verbose)
        if title and self._writer is not None and not self._writer.joins_title:
            say(title)

    def due(self, current):
        """Whether an update to `current` would draw something."""
        if self._first_step_end is None and current:
            self._first_step_end = (self._clock(), current)
        if self._writer is None or not self._writer.live:
            return False
        if self._last_update is None:
            return True
        return self._clock() - self._last_update >= max(self.interval, self._writer.min_interval)

    def add(self, n, values=None):
        """Advance by `n` units; `values` is a list of (name, value)."""
        self.update(self._seen_so_far + n, values)

    def update(self, current, values=None, finalize=None):
        """Go to `current` units; `values` is a list of (name, value); `finalize` (at target) ends the bar."""
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._collect(current, values or ())
        self._seen_so_far = current
        now = self._clock()
        if finalize and self._writer is not None:
            self._last_update = now
            self._writer.finish(self._segments(current, now, True), self._log_line(current, now))
        elif self.due(current):
            self._last_update = now
            self._writer.draw(lambda width: self._segments(current, now, False, width), self.width)

    def _collect(self, current, values):
        units = max(current - self._seen_so_far, 1)
        for name, value in values:
            averaged = name in self.stateless_metrics if self.stateless_metrics is not None else True
            if not averaged or name in self.stateful_metrics:
                self._values[name] = [value, 1]
                continue
            entry = self._values.setdefault(name, [0, 0])
            entry[0] += value * units
            entry[1] += units

    def _segments(self, current, now, finalize, width=None):
        """Return the line as a list of (style, text); style is None, "strong", "done" or "todo"."""
        width = self.width if width is None else width
        per_unit = self._seconds_per_unit(current, now)
        if self.target is None:
            line: _Segments = [(None, f"{current:7d}/Unknown")]
            shown = f"{now - self._start:.0f}s"
        else:
            digits = len(str(self.target))
            done = int(width * min(current / self.target, 1.0))
            line = [("strong", f"{current:{digits}d}/{self.target}"), (None, " ")]
            line += [("done", _DONE * done), ("todo", _TODO * (width - done))]
            remaining = per_unit * (self.target - current)
            shown = f"{now - self._start:.0f}s" if finalize else format_remaining(remaining)
        line += [
            (None, " "),
            ("strong", shown),
            (None, f" {format_pace(per_unit)}/{self.unit_name}{self._metrics()}"),
        ]
        return [segment for segment in line if segment[1]]

    def _log_line(self, current, now):
        title = f"{self._title} - " if self._title and self._writer.joins_title else ""
        pace = format_pace(self._seconds_per_unit(current, now))
        goal = current if self.target is None else self.target
        return (
            f"{title}{current}/{goal} - {now - self._start:.0f}s - {pace}/{self.unit_name}{self._metrics()}"
        )

    def _metrics(self):
        return "".join(f" - {name}: {_number(total, units)}" for name, (total, units) in self._values.items())

    def _seconds_per_unit(self, current, now):
        """Return the pace without the first step, which often includes set-up work."""
        if not current:
            return 0.0
        if self._first_step_end is not None and current > self._first_step_end[1]:
            start, first = self._first_step_end
            return (now - start) / (current - first)
        return (now - self._start) / current


def standardize_verbose(verbose, several_processes=False):
    """Return `verbose` as 0 (silent), 1 (a bar) or 2 (a line per epoch).

    "auto" is 1, but 2 where several processes write to one terminal. Anything else raises ValueError.

    >>> standardize_verbose("auto"), standardize_verbose(False)
    (1, 0)
    """
    if verbose == "auto":
        return 2 if several_processes else 1
    if verbose not in (0, 1, 2):
        raise ValueError(
            f"verbose expects 0 (silent), 1 (a bar), 2 (a line per epoch) or 'auto', got {verbose!r}."
        )
    return int(verbose)


def format_remaining(seconds):
    """Return a time to go as Keras writes it.

    >>> format_remaining(59), format_remaining(61), format_remaining(3725)
    ('59s', '1:01', '1:02:05')
    """
    seconds = int(seconds)
    if seconds > 3600:
        return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    if seconds > 60:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds}s"


def format_pace(seconds):
    """Return seconds per step with a fitting unit.

    >>> format_pace(2.0), format_pace(0.0123), format_pace(5e-5)
    ('2s', '12ms', '50us')
    """
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms"
    return f"{seconds * 1e6:.0f}us"


def _number(total, units):
    """Return a mean with four decimals, or in scientific notation where those would show nothing."""
    if isinstance(total, str) or total is None:
        return f"{total}"
    mean = float(np.mean(np.asarray(total))) / max(units, 1)
    return f"{mean:.4f}" if abs(mean) > 1e-3 else f"{mean:.4e}"


def _writer(verbose):
    """Return what shows progress in the present surroundings, or None."""
    if verbose == 2:
        return _LineWriter(joins_title=False)
    if verbose != 1:
        return None
    if not is_interactive_logging_enabled():
        return _LineWriter(joins_title=False)
    if _kernel_shell() is not None:
        return _NotebookWriter()
    if _is_terminal(sys.stdout):
        return _TerminalWriter(sys.stdout)
    return _LineWriter(joins_title=True)


def _is_terminal(stream):
    return stream is not None and hasattr(stream, "isatty") and stream.isatty()


def _kernel_shell():
    """Return the IPython shell if it belongs to a notebook kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if shell is not None and hasattr(shell, "kernel") else None


class _LineWriter:
    """One line at the end: for log files and `verbose=2`."""

    live = False
    min_interval = 0.0

    def __init__(self, joins_title):
        self.joins_title = joins_title

    def finish(self, segments, log_line):
        say(log_line)


class _TerminalWriter:
    """One line drawn over and over, never wider than the terminal."""

    live = True
    min_interval = 0.0
    joins_title = False

    def __init__(self, stream):
        self.stream = stream
        self.drawn = 0
        dumb = os.environ.get("TERM") == "dumb"
        self.colour = not dumb and not os.environ.get("NO_COLOR")
        self.ascii = not _can_write(stream, _DONE + _PLAIN_TODO)

    def draw(self, segments_of, width):
        room = max(shutil.get_terminal_size().columns - 1, 10)
        segments = segments_of(width)
        excess = _length(segments) - room
        if excess > 0:  # a wrapped line could not be drawn over: shorten the bar, then cut the metrics
            segments = _cut(segments_of(max(width - excess, 5)), room)
        self._write(segments, "")

    def finish(self, segments, log_line):
        self._write(segments, "\n")

    def _write(self, segments, end):
        length = _length(segments)
        padding = " " * max(self.drawn - length, 0)
        self.stream.write("\r" + "".join(self._style(*segment) for segment in segments) + padding + end)
        self.stream.flush()
        self.drawn = length

    def _style(self, style, text):
        if style in ("done", "todo"):
            if self.ascii:
                text = ("=" if style == "done" else ".") * len(text)
            elif style == "todo" and not self.colour:
                text = _PLAIN_TODO * len(text)
        if style is None or not self.colour:
            return text
        return f"{_STYLES[style]}{text}\x1b[0m"


class _NotebookWriter:
    """One output cell that is replaced, so that a saved notebook holds only the last state."""

    live = True
    min_interval = 0.1
    joins_title = False

    def __init__(self):
        self.display = sys.modules["IPython"].display.display
        self.handle = None

    def draw(self, segments_of, width):
        self._show(segments_of(width))

    def finish(self, segments, log_line):
        self._show(segments)

    def _show(self, segments):
        spans = (
            html.escape(text)
            if style is None
            else f'<span style="{_HTML_STYLES[style]}">{html.escape(text)}</span>'
            for style, text in segments
        )
        plain = "".join(_PLAIN_TODO * len(text) if style == "todo" else text for style, text in segments)
        data = {"text/plain": plain, "text/html": f'<pre style="margin:0">{"".join(spans)}</pre>'}
        if self.handle is None:
            sys.stdout.flush()  # what was printed before stays above
            self.handle = self.display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)


def _can_write(stream, text):
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _length(segments):
    return sum(len(text) for _, text in segments)


def _cut(segments, room):
    """Return the segments cut to `room` characters, with an ellipsis where something is missing."""
    if _length(segments) <= room:
        return segments
    kept: _Segments = []
    for style, text in segments:
        if len(text) >= room:
            return [*kept, (style, text[: max(room - 1, 0)]), (None, "…")]
        kept.append((style, text))
        room -= len(text)
    return kept
