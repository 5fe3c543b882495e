# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Compare encoders
#
# Which encoder is the best for your labels? It needs `pip install '.[quickstart]'` (for the sound) and
# `matplotlib`. Commands of `byola` are called as in a shell.

# %%
import csv
import subprocess
import sys

import matplotlib.pyplot as plt


def byola(*arguments):
    """Calls a command, as `byola ...` in a shell does."""
    subprocess.run([sys.executable, "-m", "byola_keras.commands", *arguments], check=True)


# %% [markdown]
# ## Labels
#
# 1,280 notes of 80 instruments, with two questions: which family of instruments is it, and which pitch? In
# their place, put a CSV file of yours, with the columns `file`, `split` and a label.

# %%
byola("render_notes", "--output_dir=notes", "--notes_per_program=16")

# %% [markdown]
# ## Two kinds of probe
#
# `linear` is a linear classifier on the frozen embeddings, with three seeds: how the paper compares its
# encoders. `few_shot` asks what an encoder is good for when there are few labels: it takes the means of 1, 5
# and 10 clips of each class, drawn 20 times. `random` is the encoder with random weights, and
# `logmel_stats` the mean and deviation of each of the 64 mel bands; an encoder that has learned something is
# above both. Add `--model=runs/mine` for an encoder of yours, or [models of others](../representations.md).
#
# One learning rate saves time here; without the flag, the best of five is chosen by the validation clips.

# %%
models = ["free_sounds", "random", "logmel_stats"]
tasks = ["family", "pitch"]
byola(
    "evaluate",
    *(f"--model={model}" for model in models),
    "--tasks=" + ",".join(f"csv:notes/metadata.csv:{task}" for task in tasks),
    "--probe=linear,few_shot",
    "--learning_rate=0.01",
    "--output_dir=results",
)

# %% [markdown]
# `results/results.html` is a page with all figures and their details. The scores are in a table for
# programs, too:

# %%
with open("results/results.csv", encoding="utf-8", newline="") as file:
    measured = [row for row in csv.DictReader(file) if row["source"] == "measured"]
scores = {}
for row in measured:
    probe = row["probe"] + (f" {row['shots']}" if row["shots"] else "")
    key = probe, row["title"].removeprefix("notes: "), row["model"]
    scores[key] = float(row["mean_percent"]), float(row["interval_percent"])
for key, (mean, interval) in sorted(scores.items()):
    print("{:12} {:7} {:13}".format(*key), f"{mean:5.1f} ± {interval:.1f}")

# %%
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for place, model in enumerate(models):
    means, intervals = zip(*(scores["linear", task, model] for task in tasks), strict=True)
    axes.bar([index + 0.27 * place for index in range(len(tasks))], means, 0.25, yerr=intervals, label=model)
axes.set(xticks=[0.27, 1.27], xticklabels=tasks, ylim=(0, 100), ylabel="accuracy in percent")
axes.legend(ncols=3)
figure.savefig("compare_encoders.png", dpi=80)

# %% [markdown]
# ![Accuracy of the three models in the two tasks](compare_encoders.png)
#
# Two models differ where their intervals do not touch; intervals are of the seeds of the probe, so they say
# nothing of other clips. No encoder is the best for all questions: pitch is told well by plain spectra,
# which know exactly how high a tone is.
#
# ## On from here
#
# The paper's ten tasks, and how results stand beside the published ones: [benchmark.md](../benchmark.md).
# An encoder from your own sound: [pretraining.md](../pretraining.md).
