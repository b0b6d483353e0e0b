"""Sounds in folders as a Dataset."""

import os
import wave

import numpy as np

from kx_datasets.labelled_files import labelled_datasets
from kx_datasets.pipeline.dataset import Dataset


def audio_dataset_from_directory(
    directory,
    labels="inferred",
    label_mode="int",
    class_names=None,
    batch_size=32,
    sampling_rate=None,
    output_sequence_length=None,
    ragged=False,
    shuffle=True,
    seed=None,
    validation_split=None,
    subset=None,
    follow_links=False,
    verbose=True,
) -> Dataset:
    """Return the `Dataset` of the `.wav` files below a directory: float32 in [-1, 1), shape (batch, length, channels).

    The sounds of a batch are filled with zeros to the length of the longest; `output_sequence_length` cuts and fills
    all to one length. `sampling_rate` resamples linearly. The other arguments are those of
    `text_dataset_from_directory`.

    Errors: ValueError for arguments that do not go together, `ragged=True` among them, as NumPy has no ragged arrays.
    """
    if ragged and output_sequence_length is not None:
        raise ValueError("Cannot set both `ragged` and `output_sequence_length`")
    if ragged:
        raise ValueError(
            "NumPy has no ragged arrays: use `batch_size=None`, or leave `ragged` out to fill with zeros."
        )
    if sampling_rate is not None and (not isinstance(sampling_rate, int) or sampling_rate <= 0):
        raise ValueError(f"`sampling_rate` should be higher than 0. Received: sampling_rate={sampling_rate}")

    def read(path):
        sound, rate = read_wav(path)
        if sampling_rate is not None and rate != sampling_rate:
            sound = _resampled(sound, rate, sampling_rate)
        if output_sequence_length is None:
            return sound
        sound = sound[:output_sequence_length]
        return np.pad(sound, [(0, output_sequence_length - len(sound)), (0, 0)])

    return labelled_datasets(
        directory, labels, label_mode, class_names, (".wav",), follow_links, "audio", read, verbose,
        shuffle, seed, validation_split, subset, batch_size, batch=Dataset.padded_batch,
    )  # fmt: skip


def read_wav(path):
    """Return a WAV file (PCM of 8, 16, 24 or 32 bits) as float32 in [-1, 1), shape (length, channels), and its rate.

    Errors: ValueError, with the path, for what is no such file.
    """
    try:
        with wave.open(path, "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            frames = min(file.getnframes(), os.path.getsize(path) // (width * channels))  # the header may lie
            raw = np.frombuffer(file.readframes(frames), "uint8")
    except (wave.Error, EOFError) as error:
        raise ValueError(
            f"{path} can't be read: {error or 'it ends too early'}; expected WAV with PCM samples."
        ) from error
    if width not in (1, 2, 3, 4) or not channels:
        raise ValueError(
            f"{path} has samples of {width} bytes in {channels} channels; expected 1 to 4 bytes."
        )
    raw = raw[: len(raw) // (width * channels) * width * channels].reshape(-1, width)
    if width == 1:  # unsigned, by the standard
        numbers = (raw[:, 0].astype("float32") - 128) / 128
    else:
        wide = np.zeros((len(raw), 4), "uint8")
        wide[:, 4 - width :] = raw
        numbers = (wide.view("<i4")[:, 0] / 2.0**31).astype("float32")
    return numbers.reshape(-1, channels), rate


def _resampled(sound, rate, new_rate):
    length = round(len(sound) * new_rate / rate)
    at = np.arange(length) * (rate / new_rate)
    columns = [np.interp(at, np.arange(len(sound)), column) for column in sound.T]
    return np.stack(columns, axis=1).astype("float32")
