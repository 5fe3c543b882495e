"""Writes small checkpoints by PyTorch itself, and what PyTorch computes with them.

    python -m tests.torch_files.write_torch_files FOLDER

needs PyTorch, nothing else. tests/data has its output; where PyTorch is installed, the tests write it anew.
"""

import argparse
import sys

import numpy as np
import torch
from torch import nn

_CHANNELS = 4


def _encoder(conv_blocks, hidden, output):
    """Convolution blocks and perceptron under the names of AudioNTT2020 and AudioNTT2022."""
    blocks = []
    for block in range(conv_blocks):
        inputs = _CHANNELS if block else 1
        convolution = nn.Conv2d(inputs, _CHANNELS, kernel_size=3, padding=1)
        blocks += [convolution, nn.BatchNorm2d(_CHANNELS), nn.ReLU(), nn.MaxPool2d(2)]
    local = _CHANNELS * (64 >> conv_blocks)
    perceptron = nn.Sequential(
        nn.Linear(local, hidden), nn.ReLU(), nn.Dropout(0.3), nn.Linear(hidden, output), nn.ReLU()
    )
    encoder = nn.ModuleDict({"features": nn.Sequential(*blocks), "fc": perceptron})
    for buffer in encoder.buffers():
        if buffer.dtype == torch.float32:
            nn.init.uniform_(buffer, 0.5, 2.0)
    return encoder.eval()


def _frames(encoder, images, with_local):
    """Frame features of images [batch, 1, mel, time]: [batch, T', D]."""
    local = encoder["features"](images).permute(0, 3, 2, 1).flatten(2)
    output = encoder["fc"](local)
    return torch.cat([local, output], dim=2) if with_local else output


def _head(inputs):
    return nn.ModuleDict(
        {"net": nn.Sequential(nn.Linear(inputs, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2))}
    )


def _lightning(encoder):
    """What Lightning keeps of a training run, with the names of the original training code."""
    online = nn.ModuleDict({"net": encoder, "projector": _head(5)})
    learner = nn.ModuleDict(
        {"online_encoder": online, "online_predictor": _head(2), "target_encoder": online}
    )
    weights = {f"learner.{name}": value for name, value in learner.state_dict().items()}
    return {
        "epoch": 3,
        "pytorch-lightning_version": "1.9.5",
        "state_dict": weights | {"to_spec.mel_basis": torch.zeros(2, 3), "to_spec.stft.wsin": torch.zeros(2)},
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5), "dirpath": None}},
        "optimizer_states": [
            {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"betas": (0.9, 0.999)}]}
        ],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": argparse.Namespace(lr=1e-4, device=torch.device("cpu"), numbers={1, 2}),
    }


def _views():
    base = torch.randn(6, 8)
    return {
        "base": base,
        "rows": base[2:5, 1:7:2],
        "transposed": base.t(),
        "parameter": nn.Parameter(base[1]),
        "half": base.half(),
        "bfloat16": base.bfloat16(),
        "double": base.double()[3],
        "long": torch.arange(5),
        "byte": torch.tensor([[7, 255]], dtype=torch.uint8),
        "truth": torch.tensor([True, False]),
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
        "complex": torch.complex(base[0], base[1]),
    }


def _arrays(tensors):
    return {
        name: (t.float() if t.dtype == torch.bfloat16 else t).detach().numpy() for name, t in tensors.items()
    }


def write(folder):
    """Writes torch_*.pth, torch_lightning.ckpt and torch_expected.npz."""
    torch.manual_seed(20)
    v1, v2 = _encoder(3, 12, 12), _encoder(2, 10, 5)
    torch.save(v1.state_dict(), f"{folder}/torch_v1_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(v2.state_dict(), f"{folder}/torch_v2.pth")
    torch.save({name: value.half() for name, value in v2.state_dict().items()}, f"{folder}/torch_half.pth")
    torch.save(_lightning(v2), f"{folder}/torch_lightning.ckpt")
    views, images = _views(), torch.randn(2, 1, 64, 29)
    torch.save(views, f"{folder}/torch_views.pth")
    torch.save(views, f"{folder}/torch_views_legacy.pth", _use_new_zipfile_serialization=False)
    expected = {f"views/{name}": array for name, array in _arrays(views).items()}
    for generation, encoder in (("v1", v1), ("v2", v2)):
        frames = _frames(encoder, images, with_local=generation == "v2")
        scene = frames.max(dim=1).values + frames.mean(dim=1)
        outputs = {**encoder.state_dict(), "frames": frames, "scene": scene}
        expected |= {f"{generation}/{name}": array for name, array in _arrays(outputs).items()}
    np.savez_compressed(
        f"{folder}/torch_expected.npz", images=images.numpy(), torch=torch.__version__, **expected
    )


if __name__ == "__main__":
    write(sys.argv[1])
