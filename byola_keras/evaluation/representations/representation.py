"""The contract of representations: any encoder of sound, as the benchmark sees it."""

import abc
import contextlib
from collections.abc import Iterator

import numpy as np

from byola_keras.evaluation.representations.content_hash import hash_of
from byola_keras.evaluation.representations.windowing import all_windows

# How the frames of a clip become its embedding. "none": the model gives one embedding a clip by itself.
POOLINGS = MEAN_MAX, MEAN, MAX, NONE = ("mean_max", "mean", "max", "none")
# Clips or windows of a call of a model, and how much sound they may be together: the memory goes with it.
_CALL_ROWS = 64
_CALL_SECONDS = 320
_CLIPS, _FRAMES = 2, 3


class RepresentationError(RuntimeError):
    """A model of somebody else failed, or gave what is no embedding. The text names the model."""


class Representation(abc.ABC):
    """An encoder of sound with all that the benchmark must know of it.

    A subclass calls this class's `__init__` and writes `features`; `embed` does the rest. What may take long
    or needs a package belongs into the subclass's `__init__`, so that errors come before anything is
    evaluated.

    Args:
        name: short name in tables and file names, such as "musicnn_mtt".
        sample_rate: rate in Hz to which the sound of each task is resampled.
        content: hash of the weights and of all settings that change the result, but for the arguments given
            here, see `content_hash`.
        window_seconds: length of sound that the model takes, such as 0.96; None if it takes any length.
        window_hop_seconds: from the beginning of a window to that of the next, at most
            `window_seconds`, which None stands for.
        pooling: how the frames of a clip become its embedding, one of `POOLINGS`: "mean_max" is the sum of
            mean and maximum over time.
        frame_seconds: time between two frames, if the model has frames at regular times.
        first_frame_seconds: the time that the first frame is centred at; None for half of `frame_seconds`.

    Attributes:
        own_statistics: whether the model brings the statistics of its training sound. Only our baselines
            have none.

    Raises:
        ValueError: an argument is not as it must be.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-C1: frames are pooled by mean and maximum, those of
        Wav2Vec2-C by the mean alone.
    """

    own_statistics = True
    # Whether the embeddings are made of sound here. Those that somebody computed elsewhere are not.
    takes_sound = True

    def __init__(
        self,
        name: str,
        sample_rate: int,
        content: str,
        window_seconds: float | None = None,
        window_hop_seconds: float | None = None,
        pooling: str = MEAN_MAX,
        frame_seconds: float | None = None,
        first_frame_seconds: float | None = None,
    ):
        _check(name, sample_rate, window_seconds, window_hop_seconds, pooling)
        self.name, self.sample_rate, self.pooling = name, int(sample_rate), pooling
        self.window_seconds = window_seconds
        self.window_hop_seconds = window_hop_seconds or window_seconds
        self.frame_seconds, self.first_frame_seconds = frame_seconds, first_frame_seconds
        self._content = content
        self._size, self._rank = None, None
        # A subclass enters here what has to be ended.
        self._running = contextlib.ExitStack()

    @property
    def identity(self) -> str:
        """A hash of everything that the embeddings depend on; it names their cache."""
        settings = (self.sample_rate, self.window_seconds, self.window_hop_seconds, self.pooling)
        return hash_of(self._content, settings)

    @abc.abstractmethod
    def features(self, waveforms: np.ndarray) -> np.ndarray:
        """Embeds clips, or windows of exactly `window_seconds`.

        Args:
            waveforms: float32 [batch, samples] at `sample_rate`, mono, full scale is 1.

        Returns:
            Float [batch, D], one embedding each, or [batch, T, D], frames over time. D is always the same.
        """

    def embed(self, waveforms: np.ndarray) -> np.ndarray:
        """Embeds clips of any length.

        A model with a fixed window gets a clip in windows, of which a shorter clip's only one and the last
        one are filled up with zeros; the frames, or one embedding each, of all windows of a clip are its
        frames. The model is called for bounded amounts of sound.

        Args:
            waveforms: float32 [batch, samples] at `sample_rate`.

        Returns:
            float32 [batch, D].

        Raises:
            RepresentationError: the model failed, or gave other than finite numbers of the right shape.
        """
        pooled = _Pooling(self.pooling)
        for clips, features in self._calls(np.asarray(waveforms, np.float32)):
            pooled.update(clips, features)
        return pooled.result()

    def frames(self, waveform: np.ndarray) -> Iterator[tuple[float | None, np.ndarray]]:
        """Embeds one clip, and gives its frames in parts as they come: a window each, or all at once.

        Args:
            waveform: float32 [samples] at `sample_rate`.

        Yields:
            The second at which the part begins, and its frames float32 [T, D]. A single frame is the
            embedding of the whole window or clip.

        Raises:
            RepresentationError: as for `embed`.
        """
        number = 0
        for _, features in self._calls(np.asarray(waveform, np.float32)[None]):
            for part in features:
                yield number * (self.window_hop_seconds or 0.0), part if part.ndim > 1 else part[None]
                number += 1

    @property
    def gives_frames(self) -> bool:
        """Whether a clip has frames, or one embedding alone; tried where no call has told yet."""
        if self.window_seconds is None and self._rank is None:
            noise = np.random.default_rng(0).normal(0, 0.01, (1, self.sample_rate))
            self._checked_features(noise.astype(np.float32))
        return self.window_seconds is not None or self._rank == _FRAMES

    def needs_statistics(self, protocol: str) -> bool:
        """Whether statistics of each task's sound take the place of the model's own; of ours alone they do.

        Such a representation has `measure` and `with_statistics`, see `own.EmbedderRepresentation`.
        """
        return False

    def close(self) -> None:
        """Ends what the model has running, such as child processes; it is not used afterwards."""
        self._running.close()

    def _calls(self, waveforms):
        """Yields numbers of clips [rows] and their features [rows, D] or [rows, T, D], in order of time."""
        if self.window_seconds is None:
            clips, samples = waveforms.shape
            rows = self._rows(samples)
            for first in range(0, clips, rows):
                batch = waveforms[first : first + rows]
                yield np.arange(first, first + len(batch)), self._checked_features(batch)
            return
        windows = all_windows(waveforms, self._samples(self.window_seconds), self._window_hop())
        clips, places, length = windows.shape
        rows = self._rows(length)
        for first in range(0, clips * places, rows):
            clip, place = np.divmod(np.arange(first, min(first + rows, clips * places)), places)
            features = self._checked_features(windows[clip, place])
            # The embedding of a window is a frame of its clip.
            yield clip, features if features.ndim == _FRAMES else features[:, None]

    def _rows(self, samples):
        return min(_CALL_ROWS, max(1, _CALL_SECONDS * self.sample_rate // max(samples, 1)))

    def _samples(self, seconds):
        return round(seconds * self.sample_rate)

    def _window_hop(self):
        return self._samples(self.window_hop_seconds)

    def _checked_features(self, waveforms):
        try:
            features = np.asarray(self.features(waveforms), np.float32)
        except RepresentationError:
            raise
        except Exception as error:  # What somebody else's model may raise, nobody knows.
            raise self.error(f"it failed with {type(error).__name__}: {error}") from error
        self._check_features(features, len(waveforms))
        return features

    def _check_features(self, features, rows):
        shape = f"Received: features of shape {list(features.shape)} for {rows} waveforms"
        if features.ndim not in (_CLIPS, _FRAMES) or len(features) != rows or not features.size:
            raise self.error(f"it must give [batch, D] or [batch, T, D]. {shape}")
        if features.ndim == _FRAMES and self.pooling == NONE:
            raise self.error(f"it must give [batch, D], as its pooling is {NONE!r}. {shape}")
        size = features.shape[-1]
        if self._size not in (None, size):
            raise self.error(f"it must always give as many features, {self._size} at first. {shape}")
        self._size, self._rank = size, features.ndim
        finite = np.isfinite(features)
        if not finite.all():
            wrong = np.count_nonzero(~finite.reshape(rows, -1).all(axis=1))
            what = "clips" if self.window_seconds is None else "windows"
            received = f"others for {wrong} of {rows} {what} of one call"
            raise self.error(f"it must give finite numbers. Received: {received}")

    def error(self, problem: str) -> RepresentationError:
        """The error that says so of this model."""
        return RepresentationError(f"The model {self.name} cannot be used: {problem}.")


def pool(frames: np.ndarray, pooling: str) -> np.ndarray:
    """Pools frames [T, D] to float32 [D] by one of `POOLINGS`, but "none"."""
    pooled = _Pooling(pooling)
    pooled.update(np.zeros(1, int), np.asarray(frames)[None])
    return pooled.result()[0]


class _Pooling:
    """Pools the frames of clips as they come, without keeping them."""

    def __init__(self, pooling):
        self._pooling = pooling
        self._sums, self._counts, self._largest = {}, {}, {}

    def update(self, clips, features):
        for clip, frames in zip(clips.tolist(), features, strict=True):
            if frames.ndim == 1:
                # One embedding a clip, which no pooling must touch.
                self._sums[clip], self._counts[clip], self._largest[clip] = frames, 1, None
                continue
            largest = frames.max(axis=0)
            self._sums[clip] = self._sums.get(clip, 0.0) + frames.sum(axis=0, dtype=np.float64)
            self._counts[clip] = self._counts.get(clip, 0) + len(frames)
            self._largest[clip] = np.maximum(self._largest.get(clip, largest), largest)

    def result(self):
        return np.stack([self._of(clip) for clip in sorted(self._sums)]).astype(np.float32)

    def _of(self, clip):
        mean, largest = self._sums[clip] / self._counts[clip], self._largest[clip]
        if largest is None or self._pooling == MEAN:
            return mean
        return largest if self._pooling == MAX else mean + largest


def _check(name, sample_rate, window_seconds, window_hop_seconds, pooling):
    if pooling not in POOLINGS:
        raise ValueError(f"`pooling` must be one of {POOLINGS}. Received: pooling={pooling!r} for {name}")
    if not sample_rate > 0:
        raise ValueError(f"`sample_rate` must be positive, in Hz. Received: {sample_rate} for {name}")
    for key, value in (("window_seconds", window_seconds), ("window_hop_seconds", window_hop_seconds)):
        if value is not None and not value * sample_rate >= 1:
            raise ValueError(f"`{key}` must be at least one sample. Received: {key}={value} for {name}")
    if window_hop_seconds is not None and not window_hop_seconds <= (window_seconds or 0):
        raise ValueError(
            "`window_hop_seconds` must be at most `window_seconds`. Received: window_hop_seconds="
            f"{window_hop_seconds} with window_seconds={window_seconds} for {name}"
        )
    if pooling == NONE and window_seconds is not None:
        raise ValueError(
            f"`pooling` must say how the windows of a clip become one embedding, as the model {name} has a "
            f"window of {window_seconds} s. Received: pooling={pooling!r}"
        )
