# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # A first embedding
#
# What an encoder makes of sound, in five minutes. It needs `byola_keras` and `matplotlib`, and no file: the
# sound is made here.

# %%
import matplotlib.pyplot as plt
import numpy as np

import byola_keras

embedder = byola_keras.load("free_sounds")
print(embedder.sample_rate)

# %% [markdown]
# ## Some sound
#
# A plucked string (a burst of noise that goes round in a delay line, by Karplus and Strong), a stroke of a
# brush, and a whistle that rises. Waveforms are mono, at the sample rate of the embedder, from -1 to 1.

# %%
random = np.random.default_rng(0)
seconds = np.arange(embedder.sample_rate) / embedder.sample_rate


def pluck(frequency):
    """One second of a plucked string."""
    period = round(embedder.sample_rate / frequency)
    samples = list(random.uniform(-1, 1, period))
    while len(samples) < embedder.sample_rate:
        samples.append(0.498 * (samples[-period] + samples[-period + 1]))
    return 0.8 * np.array(samples)


def brush():
    """One second with a stroke of noise in it."""
    return 0.5 * random.normal(size=len(seconds)) * np.exp(-6 * seconds)


def whistle():
    """One second of a whistle from 1 to 3 kHz."""
    return 0.5 * np.sin(2 * np.pi * (1000 * seconds + 1000 * seconds**2)) * np.sin(np.pi * seconds)


names = ["pluck", "brush", "pluck", "whistle", "brush", "whistle"]
sounds = [pluck(220), brush(), pluck(330), whistle(), brush(), whistle()]
recording = np.clip(np.concatenate(sounds), -1, 1).astype("float32")

# %% [markdown]
# ## One embedding for a clip: the scene
#
# A batch of clips goes in, [clips, samples]; `scene` is what classifiers, searches and maps use. Of two
# clips, the cosine says how alike they sound to the encoder. Embeddings of any two sounds have much in
# common;
# without their mean, the differences show.

# %%
scenes = np.asarray(embedder.embed(recording.reshape(len(sounds), -1))["scene"])
print(scenes.shape)  # (6, 3072)

apart = scenes - scenes.mean(axis=0)
apart /= np.linalg.norm(apart, axis=1, keepdims=True)
alike = apart @ apart.T
for name, row in zip(names, alike, strict=True):
    print(f"{name:8}", " ".join(f"{cosine:5.2f}" for cosine in row))

# %% [markdown]
# The two plucks have different pitches, and are more alike than a pluck and a whistle.

# %%
assert alike[0, 2] > max(alike[0, [1, 3, 4, 5]])

# %% [markdown]
# ## One embedding every 40 ms: the frames
#
# The same call gives `frames`, for what changes within a clip.

# %%
frames = np.asarray(embedder.embed(recording)["frames"])
print(frames.shape)  # (150, 3072)

apart = frames - frames.mean(axis=0)
apart /= np.linalg.norm(apart, axis=1, keepdims=True)

figure, (above, below) = plt.subplots(2, figsize=(6, 7.5), height_ratios=(1, 4), layout="constrained")
above.plot(np.arange(len(recording)) / embedder.sample_rate, recording, linewidth=0.3)
above.set(xlim=(0, len(names)), yticks=[], title=", ".join(names))
picture = below.imshow(apart @ apart.T, extent=(0, len(names), len(names), 0), vmin=-1, vmax=1, cmap="RdBu_r")
below.set(xlabel="seconds", ylabel="seconds", title="Cosine of frames")
figure.colorbar(picture, ax=below, shrink=0.8)
figure.savefig("first_embedding.png", dpi=80)

# %% [markdown]
# ![The waveform, and the cosine of all pairs of frames: squares where a sound meets its
# like](first_embedding.png)
#
# ## On from here
#
# Files of any length: [embedding.md](../embedding.md). Sound as it comes from a microphone:
# [streaming.md](../streaming.md). A classifier from labelled clips: [the next notebook](own_classifier.md).
