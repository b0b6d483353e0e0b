"""When to save: after each epoch, or after a number of batches counted over all epochs."""


class SaveFrequency:
    """`save_freq` of the callbacks that write files: "epoch", or a number of batches.

    >>> every = SaveFrequency(2)
    >>> [every.due(batch) for batch in (0, 1, 2, 0)]
    [False, True, False, True]
    """

    def __init__(self, save_freq):
        self.batches = None if save_freq == "epoch" else save_freq
        self.seen = 0  # since the last time it was due
        self._last = -1

    @staticmethod
    def accepts(save_freq):
        """Whether it is "epoch" or a positive number of batches."""
        whole = isinstance(save_freq, int) and not isinstance(save_freq, bool)
        return save_freq == "epoch" or (whole and save_freq > 0)

    def due(self, batch):
        """Note that `batch` of the present epoch is done; whether it is time to save."""
        self.seen += batch + 1 if batch <= self._last else batch - self._last
        self._last = batch
        if self.batches is None or self.seen < self.batches:
            return False
        self.seen = 0
        return True
