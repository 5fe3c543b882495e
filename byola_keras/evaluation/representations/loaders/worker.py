"""Runs somebody else's Python code on waveforms, as a process of its own.

    python worker.py '{"kind": "hear", "arguments": ["module", ...], ...}'

`child.Child` starts it as a script, with any interpreter that has numpy; nothing imports it. Requests and
replies are the length of a header (8 bytes), the header (JSON) and the bytes of one float32 array.
"""

import contextlib
import importlib
import importlib.metadata
import json
import os
import signal
import sys
import threading

_REQUEST = json.loads(sys.argv[1])
# This file's folder would hide modules of the same names.
sys.path[:1] = _REQUEST["path"]

import numpy as np  # noqa: E402

_LENGTH_BYTES = 8
# What a function can say of itself; see `loaders.python_function`.
_ATTRIBUTES = (
    *("name", "sample_rate", "window_seconds", "window_hop_seconds", "pooling"),
    *("frame_seconds", "first_frame_seconds"),
)


class _Hear:
    """A module with HEAR's three functions."""

    def __init__(self, module, weights, output):
        self._embed = getattr(module, f"get_{output}_embeddings")
        self._model = module.load_model(weights) if weights else module.load_model()
        self._output, self._to_tensor = output, np.asarray
        self._scope = contextlib.nullcontext
        torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
        if torch and isinstance(self._model, torch.nn.Module):
            device = "cuda" if torch.cuda.is_available() else "cpu"
            self._model = self._model.to(device).eval()
            self._to_tensor = lambda array: torch.from_numpy(array).to(device)
            self._scope = torch.no_grad
        elif tensorflow and isinstance(self._model, tensorflow.Module):
            self._to_tensor = tensorflow.convert_to_tensor

    def about(self):
        """The sample rate, and the times of the frames if there are some."""
        about = {"sample_rate": int(self._model.sample_rate)}
        if self._output == "timestamp":
            _, times = self._outputs(np.zeros((1, about["sample_rate"]), np.float32))
            steps = np.diff(_array(times)[0]) / 1000
            if len(steps) and np.allclose(steps, steps[0], rtol=1e-3):
                # HEAR's times come in single precision.
                about["frame_seconds"] = float(f"{np.mean(steps):.6g}")
                about["first_frame_seconds"] = float(f"{_array(times)[0][0] / 1000:.6g}")
        return about

    def __call__(self, waveforms):
        outputs = self._outputs(waveforms)
        return _array(outputs[0] if self._output == "timestamp" else outputs)

    def _outputs(self, waveforms):
        with self._scope():
            return self._embed(self._to_tensor(waveforms), self._model)


class _Function:
    """A function (samples, sample rate) -> [D] or [T, D]."""

    def __init__(self, module, function, sample_rate, default_sample_rate):
        self._function = getattr(module, function)
        own_rate = getattr(self._function, "sample_rate", None)
        self._sample_rate = sample_rate or own_rate or default_sample_rate

    def about(self):
        """What the function says of itself, and the files of its weights."""
        about = {name: getattr(self._function, name, None) for name in _ATTRIBUTES}
        weights = getattr(self._function, "weights", ())
        return {**about, "weights": [weights] if isinstance(weights, str) else list(map(str, weights))}

    def __call__(self, waveforms):
        outputs = [_array(self._function(samples, self._sample_rate)) for samples in waveforms]
        if len({output.shape for output in outputs}) > 1:
            shapes = sorted({str(list(output.shape)) for output in outputs})
            raise ValueError(f"clips of one length gave outputs of the shapes {', '.join(shapes)}")
        return np.stack(outputs)


def _array(value):
    """A tensor of any framework as a float32 array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().float()
    return np.ascontiguousarray(np.asarray(value), np.float32)


def _source(module):
    """The files of a module and the version of its package, which tell whether the code is the same."""
    folders = list(getattr(module, "__path__", ()))
    files = [os.path.join(at, name) for top in folders for at, _, names in os.walk(top) for name in names]
    files = sorted(file for file in files if file.endswith(".py")) or [module.__file__]
    try:
        version = importlib.metadata.version(module.__name__.partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        version = ""
    return {"module": module.__name__, "files": files, "version": version}


def _end_with_parent(alive):
    """Ends this process, and those that it has started, when the parent's end of the pipe is closed."""
    os.read(alive, 1)
    os.killpg(0, signal.SIGKILL)


def _answer(replies, header, array=None):
    header = json.dumps(header).encode()
    replies.write(len(header).to_bytes(_LENGTH_BYTES, "little") + header)
    if array is not None:
        replies.write(array.tobytes())
    replies.flush()


def _load():
    name, *arguments = _REQUEST["arguments"]
    module = importlib.import_module(name)
    model = {"hear": _Hear, "python": _Function}[_REQUEST["kind"]](module, *arguments)
    return model, {**model.about(), **_source(module)}


def _problem(error):
    return {"error": f"{type(error).__name__}: {error}"}


def main():
    """Loads the model, says what it is, and answers requests until there are no more."""
    threading.Thread(target=_end_with_parent, args=(_REQUEST["alive"],), daemon=True).start()
    with os.fdopen(_REQUEST["requests"], "rb") as requests, os.fdopen(_REQUEST["replies"], "wb") as replies:
        try:
            model, about = _load()
        except Exception as error:
            _answer(replies, _problem(error))
            raise
        _answer(replies, about)
        while length := requests.read(_LENGTH_BYTES):
            shape = json.loads(requests.read(int.from_bytes(length, "little")))["shape"]
            content = requests.read(4 * int(np.prod(shape)))
            # A copy: some frameworks want to write to what they are given.
            waveforms = np.frombuffer(content, np.float32).reshape(shape).copy()
            try:
                output = model(waveforms)
            except Exception as error:
                _answer(replies, _problem(error))
            else:
                _answer(replies, {"shape": output.shape}, output)


if __name__ == "__main__":
    main()
