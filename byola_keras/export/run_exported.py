"""Runs an exported model on arrays, in a process of its own that knows neither Keras nor this package.

    python -I run_exported.py saved_model|litert PATH INPUTS.npz OUTPUTS.npz

`verify` starts it as a script; nothing imports it. It prints the name of the interpreter that ran the model.
"""

import importlib.abc
import importlib.machinery
import importlib.metadata
import sys

import numpy as np


class _WithoutKeras(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Hides this package, and offers an empty Keras, as `import tensorflow` looks for one."""

    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package == "byola_keras":
            raise ModuleNotFoundError(f"{name} must not be needed")
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if package == "keras" else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        pass


def _saved_model(path):
    import tensorflow as tf  # noqa: PLC0415

    # On GPUs TensorFloat-32 would round more than the tolerance of the comparison allows.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    signature = tf.saved_model.load(path).signatures["serving_default"]
    (name,) = signature.structured_input_signature[1]

    def run(array):
        return {key: value.numpy() for key, value in signature(**{name: tf.constant(array)}).items()}

    return run, f"TensorFlow {tf.__version__}"


def _litert(path):
    try:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

        by = f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}"
    except ImportError:
        import tensorflow as tf  # noqa: PLC0415

        Interpreter, by = tf.lite.Interpreter, f"tf.lite {tf.__version__}"  # noqa: N806
    runner = Interpreter(path).get_signature_runner("serving_default")
    (name,) = runner.get_input_details()
    return lambda array: runner(**{name: array}), by


def main():
    """Runs the model on all inputs, in their order."""
    kind, path, inputs_file, outputs_file = sys.argv[1:]
    sys.meta_path.insert(0, _WithoutKeras())
    run, by = {"saved_model": _saved_model, "litert": _litert}[kind](path)
    outputs = {}
    with np.load(inputs_file) as inputs:
        for key in inputs:
            for name, value in run(inputs[key]).items():
                outputs[f"{key}/{name}"] = value
    np.savez(outputs_file, **outputs)
    print(by)


if __name__ == "__main__":
    main()
