"""Writes small models of the paper's Table III by PyTorch, and what PyTorch computes with them.

    python -m tests.evaluation.representations.paper.write_torch_models FOLDER [--frontends]

needs PyTorch; with `--frontends` also librosa, torchlibrosa, torchopenl3 and torchvggish, of which come the
numbers of the front ends. tests/data has the output; where PyTorch is installed, the tests write the
models anew.
"""

import sys

import numpy as np
import torch
from torch import nn

from tests.evaluation.representations.paper.patterns import openl3_mel_basis, pattern, sounds

# Widths of the layers, by which these differ from the published models.
_VGGISH_CHANNELS, _VGGISH_DENSE = (3, 4, 5, 6, 7, 8), (12, 10, 6)
_CNN14_CHANNELS = (3, 4, 5, 6, 7, 8)
_OPENL3_CHANNELS = (2, 2, 3, 3, 4, 4, 5, 5)
_COALA_CHANNELS = 4
# Sound for the front ends: VGGish takes two examples of it, COALA four images, OpenL3 a window.
_SAMPLES = {"vggish": 33_000, "cnn14": 33_000, "coala": 230_000, "openl3": 48_000}


class VGGish(nn.Module):
    """VGGish as the PyTorch conversions have it; they name the dense layers "fc" or "embeddings"."""

    def __init__(self, dense="fc"):
        super().__init__()
        layers, inputs = [], 1
        for place, channels in enumerate(_VGGISH_CHANNELS):
            layers += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if place in (0, 1, 3, 5) else []
            inputs = channels
        self.features = nn.Sequential(*layers)
        layers, inputs = [], 6 * 4 * inputs
        for units in _VGGISH_DENSE:
            layers += [nn.Linear(inputs, units), nn.ReLU()]
            inputs = units
        self.add_module(dense, nn.Sequential(*layers))

    def forward(self, examples):
        """[batch, 96, 64] -> the outputs of the three dense layers."""
        x = self.features(examples[:, None]).permute(0, 2, 3, 1).flatten(1)
        dense = getattr(self, "fc", None) or self.embeddings
        outputs = []
        for layer in dense:
            x = layer(x)
            outputs += [x] if isinstance(layer, nn.ReLU) else []
        return outputs


class _Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)))


class CNN14(nn.Module):
    """CNN14 with the names of the published file, front end and classes included."""

    def __init__(self):
        super().__init__()
        self.spectrogram_extractor = nn.ModuleDict({"stft": nn.ModuleDict()})
        for part in ("conv_real", "conv_imag"):
            self.spectrogram_extractor["stft"][part] = nn.Conv1d(1, 2, 5, bias=False)
        self.logmel_extractor = nn.ParameterDict({"melW": torch.zeros(5, 2)})
        self.bn0 = nn.BatchNorm2d(64)
        for number, (inputs, outputs) in enumerate(
            zip((1, *_CNN14_CHANNELS), _CNN14_CHANNELS, strict=False), start=1
        ):
            self.add_module(f"conv_block{number}", _Block(inputs, outputs))
        self.fc1 = nn.Linear(_CNN14_CHANNELS[-1], _CNN14_CHANNELS[-1])
        self.fc_audioset = nn.Linear(_CNN14_CHANNELS[-1], 5)

    def forward(self, mel):
        """[batch, T, 64] -> [batch, D]."""
        x = self.bn0(mel.permute(0, 2, 1)[..., None]).permute(0, 3, 2, 1)
        for number in range(1, len(_CNN14_CHANNELS) + 1):
            x = getattr(self, f"conv_block{number}")(x)
            x = nn.functional.avg_pool2d(x, 2) if number < len(_CNN14_CHANNELS) else x
        frames = x.mean(dim=3)
        return torch.relu(self.fc1(frames.max(dim=2).values + frames.mean(dim=2)))


class OpenL3(nn.Module):
    """OpenL3's audio network with the names of torchopenl3, without the front end."""

    def __init__(self):
        super().__init__()
        for number, (inputs, outputs) in enumerate(
            zip((1, *_OPENL3_CHANNELS), _OPENL3_CHANNELS, strict=False), start=1
        ):
            name = "audio_embedding_layer" if number == len(_OPENL3_CHANNELS) else f"conv2d_{number}"
            self.add_module(f"batch_normalization_{number}", nn.BatchNorm2d(inputs, eps=0.001))
            self.add_module(name, nn.Conv2d(inputs, outputs, 3, padding=1))

    def forward(self, images):
        """[batch, mel, time] -> [batch, D]."""
        x = self.batch_normalization_1(images[:, None])
        for number in range(1, len(_OPENL3_CHANNELS)):
            x = nn.functional.max_pool2d(x, 2) if number in (3, 5, 7) else x
            x = getattr(self, f"conv2d_{number}")(x)
            x = torch.relu(getattr(self, f"batch_normalization_{number + 1}")(x))
        x = nn.functional.max_pool2d(self.audio_embedding_layer(x), 8)
        return x.permute(0, 2, 3, 1).flatten(1)


class Coala(nn.Module):
    """COALA's audio encoder."""

    def __init__(self):
        super().__init__()
        layers, inputs = [], 1
        for _ in range(5):
            layers += [nn.Conv2d(inputs, _COALA_CHANNELS, 4, stride=2, padding=1)]
            layers += [nn.BatchNorm2d(_COALA_CHANNELS), nn.ReLU(), nn.Dropout(0.25)]
            inputs = _COALA_CHANNELS
        self.audio_encoder = nn.Sequential(*layers, nn.Flatten())
        self.fc_audio = nn.Sequential(nn.Linear(9 * inputs, 9 * inputs, bias=False))

    def forward(self, images):
        """[batch, mel, time] -> [batch, D]."""
        return self.audio_encoder(images[:, None])


def _drawn(model):
    """Weights large enough that every layer counts in the result."""
    for module in model.modules():
        for name, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            if tensor.ndim > 1:
                nn.init.normal_(tensor, 0.02, (2.0 / tensor[0].numel()) ** 0.5)
            elif name == "running_var" or (name == "weight" and isinstance(module, nn.BatchNorm2d)):
                nn.init.uniform_(tensor, 0.5, 2.0)
            elif tensor.ndim:
                nn.init.uniform_(tensor, -0.2, 0.3)
    return model.eval()


def write_models(folder):
    """Writes torch_vggish.pth, torch_vggish_embeddings.pth, torch_cnn14.pth and paper_models.npz."""
    torch.manual_seed(31)
    fc, embeddings, cnn14 = _drawn(VGGish()), VGGish("embeddings"), _drawn(CNN14())
    openl3, coala = _drawn(OpenL3()), _drawn(Coala())
    renamed = {name.replace("fc.", "embeddings."): value for name, value in fc.state_dict().items()}
    embeddings.load_state_dict(renamed)
    torch.save(fc.state_dict(), f"{folder}/torch_vggish.pth")
    torch.save(embeddings.state_dict(), f"{folder}/torch_vggish_embeddings.pth")
    torch.save({"iteration": 7, "model": cnn14.state_dict()}, f"{folder}/torch_cnn14.pth")
    torch.save(openl3.state_dict(), f"{folder}/torch_openl3.pth")
    torch.save(coala.state_dict(), f"{folder}/torch_coala.pth")
    with torch.no_grad():
        first, _, last = fc(torch.from_numpy(pattern(3, 96, 64)))
        clips = cnn14(torch.from_numpy(20 * pattern(2, 75, 64) - 30))
    np.savez_compressed(
        f"{folder}/paper_models.npz",
        vggish=last.numpy(),
        vggish_4k=first.numpy(),
        cnn14=clips.numpy(),
        openl3=openl3(torch.from_numpy(40 * pattern(2, 256, 199) - 40)).detach().numpy(),
        coala=coala(torch.from_numpy(pattern(3, 96, 96))).detach().numpy(),
        torch=torch.__version__,
    )


def write_frontends(folder):
    """Writes paper_frontends.npz, of packages that the authors' code is in or that it calls."""
    made = {"vggish": _vggish_examples, "cnn14": _cnn14_decibels, "coala": _coala_log_mel}
    made["openl3"] = _openl3_decibels
    arrays = {name: make(sounds(_SAMPLES[name])) for name, make in made.items()}
    # Every seventh frame (of OpenL3, and every mel), to keep the file small.
    kept = {
        "vggish": arrays["vggish"][..., ::7, :],
        "cnn14": arrays["cnn14"][:, ::7],
        "coala": arrays["coala"][..., ::7],
        "openl3": arrays["openl3"][..., ::7],
    }
    shapes = {f"{name}_shape": array.shape for name, array in arrays.items()}
    np.savez_compressed(f"{folder}/paper_frontends.npz", **kept, **shapes)


def _vggish_examples(waveforms):
    from torchvggish import vggish_input

    examples = [vggish_input.waveform_to_examples(x, 16_000, return_tensor=False) for x in waveforms]
    return np.stack(examples).astype("float32")


def _cnn14_decibels(waveforms):
    from torchlibrosa import LogmelFilterBank, Spectrogram

    spectrum = Spectrogram(512, 160, 512, window="hann", center=True, pad_mode="reflect")
    log_mel = LogmelFilterBank(16_000, 512, 64, fmin=50, fmax=8000, ref=1.0, amin=1e-10, top_db=None)
    with torch.no_grad():
        return log_mel(spectrum(torch.from_numpy(waveforms)))[:, 0].numpy()


def _coala_log_mel(waveforms):
    import librosa

    options = {"sr": 22_000, "n_fft": 1024, "hop_length": 512, "n_mels": 96, "power": 1.0}
    mel = librosa.feature.melspectrogram(y=waveforms, pad_mode="reflect", **options)
    log_mel = np.log(mel + np.finfo(np.float32).eps)
    chunks = librosa.util.frame(log_mel, frame_length=96, hop_length=96, axis=-1)
    return np.moveaxis(chunks, -1, 1).astype("float32")


def _openl3_decibels(waveforms):
    from torchopenl3.models import PytorchOpenl3

    layer = PytorchOpenl3("env", "mel256", 6144).speclayer
    layer.mel_basis.copy_(torch.from_numpy(openl3_mel_basis()))
    with torch.no_grad():
        return layer(torch.from_numpy(waveforms)[:, None])[..., 0].numpy()


if __name__ == "__main__":
    write_models(sys.argv[1])
    if "--frontends" in sys.argv:
        write_frontends(sys.argv[1])
