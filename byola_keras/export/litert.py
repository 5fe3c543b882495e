"""LiteRT (TensorFlow Lite) files of an embedder or a classifier, for phones and small computers."""

import contextlib
import io
import tempfile
import zipfile
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from byola_keras.export.exportable import CARD_FILE, LABELS_FILE, Exportable, exportable
from byola_keras.export.saved_model import SIGNATURE, WAVEFORM, save_function
from byola_keras.layers.log_mel import LOG_OFFSET, log_mel
from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.models.classifier import Classifier
from byola_keras.models.embedder import Embedder

INPUTS = ("waveform", "logmel")

# Far above the natural logarithm of any power that float32 can hold.
_LARGEST_LOG_MEL = 1024.0
_CALIBRATION_CLIPS = 100
# No sample is larger: what is beyond it counts as 0 before.
_LARGEST_SAMPLE = 1e30


def convert(
    model: Embedder | Classifier | Exportable,
    litert_input: str = "waveform",
    clips: Sequence[np.ndarray] = (),
    window: int | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Converts a model; batch and length stay open, and all operations are built into LiteRT.

    Args:
        model: a built embedder, or a classifier.
        litert_input: "waveform": float32 [batch, samples], with the front end inside; or "logmel": float32
            [batch, T, F], the front end's output before normalisation, for devices that make it themselves.
        clips: waveforms [batch, samples] like those to come. On them, and on tones and noise, the ranges of
            the numbers in the network are measured for "full_int8".
        window: samples of the one clip that the files take, for interpreters without open shapes, such as
            LiteRT.js; None for any batch and length. It needs "waveform".

    Yields:
        Precision and content of a file: "float32"; "float16" and "int8", with the encoder's weights in fewer
        bits and an exact front end; with log-mel input also "full_int8", which computes in integers, too, and
        takes one clip at a time.
        The outputs are called `scene` and `frames`, or `probabilities`, as those of the signature. A
        classifier's file is also a ZIP archive, as LiteRT's metadata are, with `labels.txt` and
        `model_card.json`.
    """
    model = exportable(model)
    with_texts = {LABELS_FILE, CARD_FILE} <= set(model.texts)
    for precision, content in _converted(model, litert_input, clips, window):
        yield precision, _with_archive(content, model.texts) if with_texts else content


def _converted(model, litert_input, clips, window):
    embedder = model.embedder
    if window:
        spec = tf.TensorSpec([1, window], WAVEFORM.dtype, WAVEFORM.name)
        yield from _weights_in_fewer_bits(_with_exact_frontend(model), spec, model)
        return
    if litert_input == "waveform":
        yield from _weights_in_fewer_bits(_with_exact_frontend(model), WAVEFORM, model)
        return
    spec = tf.TensorSpec([None, None, embedder.frontend.n_mels], tf.float32, "log_mel")
    yield from _weights_in_fewer_bits(_from_log_mel(model, integers=False), spec, model)
    # Of several clips at a time, XNNPACK of ai-edge-litert 2.3 pools 8-bit integers wrongly once the shape
    # has changed: half of the scenes were garbage. Of single clips none was.
    single = tf.TensorSpec([1, *spec.shape[1:]], spec.dtype, spec.name)
    with _converter(_from_log_mel(model, integers=True), single, model) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: _calibration(embedder.frontend, clips)
        yield "full_int8", converter.convert()


def _with_archive(content, texts):
    """A file with an archive behind it, which interpreters do not look at."""
    joined = io.BytesIO(content)
    with zipfile.ZipFile(joined, "a") as archive:
        for name in (LABELS_FILE, CARD_FILE):
            # With a date of their own equal models would have files that differ.
            archive.writestr(zipfile.ZipInfo(name), texts[name])
    return joined.getvalue()


def file_name(name: str, litert_input: str, precision: str, window: int | None = None) -> str:
    """The name of a file: `byola_float32.tflite`, `byola_logmel_int8.tflite`, `byola_window_int8.tflite`."""
    kind = "window_" if window else "" if litert_input == "waveform" else f"{litert_input}_"
    return f"{name}_{kind}{precision}.tflite"


def _weights_in_fewer_bits(function, spec, model):
    of_batches = function if spec.shape[0] else _for_any_batch(function)
    with _converter(of_batches, spec, model) as converter:
        yield "float32", converter.convert()
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        for precision, types in (("float16", [tf.float16]), ("int8", [])):
            converter.target_spec.supported_types = types
            yield precision, converter.convert()


@contextlib.contextmanager
def _converter(function, spec, model):
    # The way over a SavedModel gives the file its signature and names; the others do not.
    with tempfile.TemporaryDirectory() as folder:
        save_function(function, spec, model.weights, folder)
        yield tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])


def _for_any_batch(function):
    """Gives no embeddings for no clips, on which a kernel of LiteRT would fail and later end the process."""

    def embed(x):
        batch = tf.shape(x)[0]
        missing = [[0, tf.maximum(1 - batch, 0)]] + [[0, 0]] * (x.shape.rank - 1)
        return {name: features[:batch] for name, features in function(tf.pad(x, missing)).items()}

    return embed


class _ExactFrontend(LogMelSpectrogram):
    """The front end with window and filters kept as integers, with which the converter does nothing.

    Of floats it makes 16-bit or 8-bit numbers. A window of those leaks: the scene of a 440 Hz tone was off
    by 5 % of its largest value in float16, and filters of int8 left a cosine of 0.86 of a spoken word.
    """

    def call(self, waveforms):
        # Known at run time alone, or else the floats would be made at the conversion.
        if waveforms.shape[0] is None:
            zero = tf.minimum(tf.shape(waveforms)[0], 0)
        else:
            zero = tf.cast(tf.reduce_any(waveforms > _LARGEST_SAMPLE), tf.int32)

        def exact(values):
            return tf.bitcast(values.view(np.int32) + zero, tf.float32)

        return log_mel(waveforms, exact(self.window), exact(self.filters), self.hop_length)


def _with_exact_frontend(model):
    embedder = model.embedder
    frontend = _ExactFrontend.from_config(embedder.frontend.get_config())
    exact = Embedder(frontend, embedder.normalization, embedder.encoder)
    return lambda waveforms: model.answer(exact(waveforms))


def _from_log_mel(model, integers):
    """Makes the function from log-mel to the answer. What is no log-mel, or is missing, counts as silence."""
    embedder = model.embedder
    frontend = embedder.frontend
    # As many frames as the front end gives of the shortest waveform.
    shortest = max(1 + frontend.n_fft // frontend.hop_length, embedder.encoder.stride)

    def embed(x):
        silence = tf.math.log(LOG_OFFSET)
        # Among integers there is no NaN, and the comparison would spoil the ranges of the rest.
        if not integers:
            x = tf.where(tf.abs(x) <= _LARGEST_LOG_MEL, x, silence)
        missing = tf.maximum(shortest - tf.shape(x)[1], 0)
        x = tf.pad(x, [[0, 0], [0, missing], [0, 0]], constant_values=silence)
        return model.answer(embedder.encoder(embedder.normalization(x), training=False))

    return embed


def _calibration(frontend, clips):
    """Yields the log-mels on which the converter measures ranges."""
    for clip in [*clips, *_tones_and_noise(frontend.sample_rate)]:
        finite = np.nan_to_num(clip, nan=0.0, posinf=0.0, neginf=0.0)
        yield {"log_mel": frontend(finite).numpy()}


def _tones_and_noise(sample_rate):
    draws = np.random.default_rng(0)
    seconds = np.arange(sample_rate) / sample_rate
    yield np.zeros((1, sample_rate), np.float32)
    for number in range(_CALIBRATION_CLIPS):
        level = 10 ** draws.uniform(-4, 0)
        if number % 2:
            clip = np.sin(2 * np.pi * 10 ** draws.uniform(1.8, 3.8) * seconds)
        else:
            clip = draws.uniform(-1, 1, sample_rate)
        yield (level * clip[None]).astype(np.float32)
