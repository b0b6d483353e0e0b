"""Flat buffers: variables of one kind side by side in one array, so that one step serves all of them.

Each variable's `data` becomes a view into the buffer, and so does each of its slots. The step then runs over
chunks small enough for the temporaries to stay in cache; nothing is allocated from step to step.
"""

from itertools import accumulate, groupby
from operator import attrgetter, is_, itemgetter, methodcaller

import numpy as np

from kx_tensor import dtypes

CHUNK = 65536  # elements; smaller chunks pay more for calls, larger ones fall out of the cache

_data = attrgetter("data")
_ravel = methodcaller("ravel")


class Chunk:
    """A piece of a group's buffers: the views one call of an optimizer's step works on."""

    __slots__ = ("gradient", "member", "pairs", "params", "scratch", "slots", "span", "start", "stop", "take")


class Group:
    """Variables of one device and dtype (and with the same use of weight decay) in one buffer.

    `places` are their positions in the optimizer's list. 16-bit variables are stored as they are, and each
    chunk is computed in float32 and rounded once. With `whole`, a chunk is always exactly one variable.
    """

    def __init__(self, places, variables, decays, whole):
        first = variables[0]
        self.places = places
        self.variables = variables
        self.decays = decays
        self.whole = whole
        self.device = first.device
        self.xp = first.device.xp
        self.dtype = first.data.dtype
        narrow = dtypes.name_of(self.dtype) in ("float16", "bfloat16")
        self.wide = np.dtype("float32") if narrow else self.dtype
        self.shapes = [tuple(v.data.shape) for v in variables]
        self.sizes = [v.data.size for v in variables]
        self.ends = list(accumulate(self.sizes))
        self.starts = [end - size for end, size in zip(self.ends, self.sizes, strict=True)]
        self.bounds = np.array([0, *self.ends])
        self.slots = {}  # slot name -> the slot variables, in the order of `variables`
        self._plans = {}
        self._gradient = None

    def allocate(self, slot_names, temporaries):
        """Move the variables and their slots into buffers; the steps get the slots `slot_names`."""
        self._slot_names, self._temporaries = slot_names, temporaries
        size, empty = self.ends[-1], self.xp.empty
        self.params = empty(size, self.dtype)
        self.buffers = {name: empty(size, self.dtype) for name in self.slots}
        self.step_slots = [self.buffers[name] for name in slot_names]
        longest = max(self.sizes) if self.whole else min(size, CHUNK)
        # at least 2, for the moving average
        self._scratch = [empty(longest, self.wide) for _ in range(max(temporaries, 2))]
        self._staging = empty(longest, self.wide)
        self._held = list(self.variables)
        self._views = self._cut(self.params)
        for name, held in self.slots.items():
            self._held += held
            self._views += self._cut(self.buffers[name])
        for variable, view in zip(self._held, self._views, strict=True):
            variable.rebind(view)

    def __getstate__(self):
        """What a copy is made from; its buffers are new, so that views are never copied apart from them."""
        arguments = (self.places, self.variables, self.decays, self.whole)
        return arguments, self.slots, self._slot_names, self._temporaries

    def __setstate__(self, state):
        arguments, slots, slot_names, temporaries = state
        self.__init__(*arguments)
        self.slots = slots
        self.allocate(slot_names, temporaries)

    def _cut(self, buffer):
        parts = zip(self.starts, self.ends, self.shapes, strict=True)
        return [buffer[start:end].reshape(shape) for start, end, shape in parts]

    def adopt(self):
        """Take back variables that were moved out of the buffers since the last step, say by another optimizer."""
        if not all(map(is_, map(_data, self._held), self._views)):
            for variable, view in zip(self._held, self._views, strict=True):
                if variable.data is not view:
                    variable.rebind(view)

    def part(self, raw, complete):
        """(group, present, raw): the group's own gradients; `present` numbers those there are, None for all."""
        self.adopt()
        if complete:
            return self, None, raw if len(raw) == len(self.places) else [raw[i] for i in self.places]
        own = [raw[i] for i in self.places]
        present = [k for k, g in enumerate(own) if g is not None]
        return self, None if len(present) == len(own) else present, own

    # ---- chunks ------------------------------------------------------------------------------------------

    def chunks(self, present=None):
        """The chunks that cover the variables numbered in `present` (all of them if None)."""
        key = None if present is None else tuple(present)
        if key not in self._plans:
            self._plans[key] = [self._chunk(members, span) for members, span in self._pieces(present)]
        return self._plans[key]

    def _pieces(self, present):
        """(members, span) pairs: neighbours merged up to CHUNK elements, larger variables cut into spans."""
        for run in self.runs(present):
            merged, total = [], 0
            for i in run:
                size = self.sizes[i]
                if merged and (self.whole or total + size > CHUNK):
                    yield merged, None
                    merged, total = [], 0
                if size > CHUNK and not self.whole:
                    yield from (([i], slice(a, min(a + CHUNK, size))) for a in range(0, size, CHUNK))
                elif size:
                    merged.append(i)
                    total += size
            if merged:
                yield merged, None

    def runs(self, present=None):
        """The variables numbered in `present` as lists of neighbours."""
        if present is None:
            return [range(len(self.sizes))]
        return [
            [i for _, i in pairs] for _, pairs in groupby(enumerate(present), lambda pair: pair[1] - pair[0])
        ]

    def _chunk(self, members, span):
        chunk = Chunk()
        chunk.member = members[0]
        chunk.take = itemgetter(*members) if len(members) > 1 else None
        chunk.start, chunk.stop = self.starts[members[0]], self.ends[members[-1]]
        if span is not None:
            chunk.start, chunk.stop = chunk.start + span.start, chunk.start + span.stop
        chunk.span = span
        size = chunk.stop - chunk.start
        stored = [b[chunk.start : chunk.stop] for b in (self.params, *self.step_slots)]
        worked = stored if self.wide == self.dtype else [self.xp.empty(size, self.wide) for _ in stored]
        chunk.pairs = () if worked is stored else tuple(zip(worked, stored, strict=True))
        chunk.params, chunk.slots = worked[0], tuple(worked[1:])
        chunk.gradient = self._staging[:size]
        chunk.scratch = tuple(s[:size] for s in self._scratch[: self._temporaries])
        return chunk

    # ---- gradients ---------------------------------------------------------------------------------------

    def gather(self, raw, present=None):
        """Copy the gradients into the group's own buffer, which clipping and the like change, and return it."""
        if self._gradient is None:
            self._gradient = self.xp.zeros(self.ends[-1], self.wide)
        for run in self.runs(present):
            target = self._gradient[self.starts[run[0]] : self.ends[run[-1]]]
            self.xp.concatenate([raw[i].ravel() for i in run], out=target)
        return self._gradient

    def gradient_of(self, i):
        """The gathered gradient of variable number `i`, flat."""
        return self._gradient[self.starts[i] : self.ends[i]]

    def gathered(self, present=None):
        """The gathered gradients of all variables, flat; None for those not numbered in `present`."""
        numbers = range(len(self.sizes))
        return [self.gradient_of(i) if present is None or i in present else None for i in numbers]

    # ---- the step ----------------------------------------------------------------------------------------

    def run(self, step, constants, shrink, present, raw):
        """Run `step` over the variables numbered in `present` (all of them if None).

        `raw` are the gradients of the group's variables, or None for those gathered before.
        """
        xp, scalar = self.xp, self.wide.type
        constants = list(map(scalar, constants))
        for chunk in self.chunks(present):
            if raw is None:
                g = self._gradient[chunk.start : chunk.stop]
            elif chunk.take is None:
                g = self._lone_gradient(chunk, raw)
            else:
                g = xp.concatenate(list(map(_ravel, chunk.take(raw))), out=chunk.gradient)
            for worked, stored in chunk.pairs:
                worked[...] = stored
            if shrink is not None:
                xp.multiply(chunk.params, scalar(shrink), chunk.params)
            step(xp, chunk.params, g, chunk.slots, constants, chunk.scratch)
            for worked, stored in chunk.pairs:
                stored[...] = worked

    def _lone_gradient(self, chunk, raw):
        """The gradient for a chunk of one variable or a span of it, without a copy where it is contiguous."""
        g = raw[chunk.member]
        if chunk.span is not None and chunk.span.start == 0 and not g.flags.c_contiguous:
            g = raw[chunk.member] = self.xp.ascontiguousarray(g)  # once, not for each span
        g = g.ravel()
        if chunk.span is not None:
            g = g[chunk.span]
        if g.dtype != self.wide:
            chunk.gradient[...] = g
            return chunk.gradient
        return g

    def average(self, momentum):
        """Update the "average" slot: `momentum * average + (1 - momentum) * params`."""
        xp, scalar = self.xp, self.wide.type
        for chunk in self.chunks():
            average = self.buffers["average"][chunk.start : chunk.stop]
            kept, added = (s[: len(average)] for s in self._scratch[:2])
            kept[...] = average
            added[...] = self.params[chunk.start : chunk.stop]
            xp.multiply(kept, scalar(momentum), kept)
            xp.multiply(added, scalar(1.0 - momentum), added)
            xp.add(kept, added, kept)
            average[...] = kept
