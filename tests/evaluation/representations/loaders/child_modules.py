"""Modules of somebody else, as text: they are imported in child processes only."""

import os

# HEAR's functions on numpy alone, and functions that do what models of others may do.
PLAIN = """
import os, sys, time
import numpy as np

class Model:
    sample_rate = 22050

def load_model(path="none"):
    model = Model()
    model.gain = float(open(path).read()) if path != "none" else 1.0
    return model

def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(axis=1)

def get_timestamp_embeddings(audio, model):
    count = audio.shape[1] // 10
    times = np.tile(np.arange(count) * 10 / 22.05, (len(audio), 1))
    return model.gain * audio[:, : count * 10].reshape(len(audio), count, 10), times

def frames(samples, rate):
    samples += 0.0  # It may be written to.
    print("noise on the standard output", flush=True)
    return rate * samples[: len(samples) // 10 * 10].reshape(-1, 10)

frames.sample_rate = 8000
frames.pooling = "mean"
frames.weights = [os.path.join(os.path.dirname(__file__), "gain.txt")]

def clip(samples, rate):
    return np.array([rate, len(samples)])

def dies_once(samples, rate):
    marker = os.path.join(os.path.dirname(__file__), "died")
    if not os.path.exists(marker):
        open(marker, "w").close()
        print("a last word", file=sys.stderr, flush=True)
        os.kill(os.getpid(), 9)
    return samples[:3]

def sleeps(samples, rate):
    child = os.fork()
    if child == 0:
        time.sleep(600)
    with open(os.path.join(os.path.dirname(__file__), "processes"), "w") as file:
        file.write(f"{os.getpid()} {child}")
    time.sleep(600)

def uneven(samples, rate):
    uneven.calls = getattr(uneven, "calls", 0) + 1
    return samples[: uneven.calls]
"""

TORCH = """
import torch

class Model(torch.nn.Module):
    sample_rate = 16000

    def __init__(self):
        super().__init__()
        self.dropout = torch.nn.Dropout(0.5)
        self.gain = torch.nn.Parameter(torch.tensor(2.0))

def load_model(path=""):
    return Model()

def get_scene_embeddings(audio, model):
    return model.gain * model.dropout(audio[:, :5])
"""


def write(folder, name, text):
    """Writes a module and the file of its weights, and returns the path."""
    with open(os.path.join(folder, "gain.txt"), "w", encoding="utf-8") as file:
        file.write("2.5")
    path = os.path.join(folder, f"{name}.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path
