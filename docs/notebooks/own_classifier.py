# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # A classifier for your sounds
#
# From labelled clips to a list of what was heard where in a recording. It needs `pip install
# '.[quickstart]'` (for the sound) and `matplotlib`. Commands of `byola` are called as in a shell.

# %%
import csv
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import soundfile
import soxr

import byola_keras


def byola(*arguments):
    """Calls a command, as `byola ...` in a shell does."""
    subprocess.run([sys.executable, "-m", "byola_keras.commands", *arguments], check=True)


# %% [markdown]
# ## Labelled clips
#
# The sound here is 1,280 notes of 80 instruments. In its place, put a CSV file of yours: a row for each clip,
# with its `file`, a label, and a `split` of train, valid and test.

# %%
byola("render_notes", "--output_dir=notes", "--notes_per_program=16")
with open("notes/metadata.csv", encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
print(len(rows), rows[0])

# %% [markdown]
# ## Training
#
# `--model` is the encoder, whose embeddings are made once; what is trained is a linear head. Class weights,
# fine-tuning, thresholds for a wanted precision: [classify.md](../classify.md).

# %%
byola(
    "classify", "train", "--labels=notes/metadata.csv:family", "--model=free_sounds", "--output_dir=families"
)

# %% [markdown]
# `families/report.html` has all figures, with the worst mistakes to listen to. The classes, from the best
# to the worst:

# %%
with open("families/classes.csv", encoding="utf-8", newline="") as file:
    classes = sorted(csv.DictReader(file), key=lambda row: -float(row["f1"]))
for row in classes:
    print(f"{row['class']:10} {row['clips']:>3} test clips, F1 {float(row['f1']):.2f}")

# %% [markdown]
# ## The classifier in Python
#
# It is a Keras model: mono waveforms at its own sample rate in, probabilities out.

# %%
classifier = byola_keras.load_classifier("families")
unheard = [row for row in rows if row["split"] == "test"]
stereo, sample_rate = soundfile.read(os.path.join("notes", unheard[0]["file"]), dtype="float32")
waveform = soxr.resample(stereo.mean(axis=1), sample_rate, classifier.sample_rate)
probabilities = np.asarray(classifier(waveform[None]))[0]
print(unheard[0]["family"], dict(zip(classifier.labels, probabilities.round(2).tolist(), strict=True)))

# %% [markdown]
# ## A recording
#
# Eight notes of the test, one after the other, stand for a recording, which may be hours long. The tables
# for Raven and Audacity are written, too.

# %%
played = unheard[:: len(unheard) // 8][:8]
notes = [soundfile.read(os.path.join("notes", row["file"]), dtype="float32")[0] for row in played]
os.makedirs("recordings", exist_ok=True)
soundfile.write("recordings/eight_notes.wav", np.concatenate(notes), sample_rate)
byola("classify", "predict", "--model=families", "--input=recordings/*.wav", "--output_dir=heard")

print("played:", [row["family"] for row in played])
with open("heard/segments.csv", encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file):
        print(
            f"{float(row['start']):5.1f} to {float(row['end']):5.1f} s: {row['label']} ({row['confidence']})"
        )

# %% [markdown]
# The probabilities of all windows:

# %%
with open("heard/windows/eight_notes.wav.csv", encoding="utf-8", newline="") as file:
    windows = list(csv.DictReader(file))
heard = np.array([[float(window[label]) for label in classifier.labels] for window in windows])
starts = [float(window["start"]) for window in windows]
ends = np.cumsum([len(note) / sample_rate for note in notes])

figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
picture = axes.pcolormesh([*starts, float(windows[-1]["end"])], range(len(classifier.labels) + 1), heard.T)
axes.set(xlabel="seconds", yticks=np.arange(len(classifier.labels)) + 0.5, yticklabels=classifier.labels)
for row, end, before in zip(played, ends, [0, *ends], strict=False):
    axes.axvline(end, color="white", linewidth=1)
    axes.text(
        (before + end) / 2, len(classifier.labels) + 0.1, row["family"], ha="center", va="bottom", fontsize=8
    )
figure.colorbar(picture, ax=axes, label="probability")
figure.savefig("own_classifier.png", dpi=80)

# %% [markdown]
# ![Probabilities of the ten families over time, with what was played above](own_classifier.png)
#
# ## On from here
#
# To a server, a phone or a browser: [serving.md](../serving.md) and [the page of
# classifiers](../classify.md#on-servers-and-devices). Is another encoder better? [The next
# notebook](compare_encoders.md).
