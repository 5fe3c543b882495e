"""Finds the encoder in a checkpoint of the PyTorch implementation, by the names and shapes of its weights."""

from collections.abc import Mapping

import numpy as np

# Number of mel bins in both published generations.
N_MELS = 64
# What a frame feature holds, by generation: in AudioNTT2020 it is the perceptron's output alone.
_FEATURES = {"v1": "global", "v2": "local_global"}
# A training run has these parts beside the online encoder; each is a component of the weights' names.
_OTHER_PARTS = {"projector", "online_predictor", "predictor", "target_encoder", "to_spec"}
_FIRST_WEIGHT = "features.0.weight"


def encoder_weights(arrays: Mapping[str, np.ndarray], prefix: str | None = None) -> dict[str, np.ndarray]:
    """Returns the encoder's weights, without the prefix that wrappers put before their names.

    Of a whole training run the online encoder is taken; projector, predictor, target network and front end
    are left out.

    Args:
        arrays: arrays by name, see `read_torch_file`.
        prefix: prefix of the encoder's names, such as "learner.online_encoder.net."; all other names are then
            left out. None finds it by the names.

    Returns:
        Arrays by the names "features.0.weight", "fc.0.bias", ...

    Raises:
        ValueError: there is no encoder, or more than one, or a name belongs to none of these parts.
    """
    prefix = f"{prefix.rstrip('.')}." if prefix else ""
    left_out = (lambda name: not name.startswith(prefix)) if prefix else _is_other_part
    own = {name: array for name, array in arrays.items() if not left_out(name)}
    found = [name[: -len(_FIRST_WEIGHT)] for name in own if f".{name}".endswith(f".{_FIRST_WEIGHT}")]
    if prefix:
        found = [start for start in found if start == prefix]
    if len(found) != 1:
        raise ValueError(
            f"There must be one encoder, whose names begin with a prefix and {_FIRST_WEIGHT!r}. Received: "
            f"prefix={prefix!r}, encoders under {found or 'no prefix'}; the names are {_some(arrays)}"
        )
    unused = [name for name in own if not name.startswith(found[0])]
    if unused:
        raise ValueError(
            f"All names must belong to the encoder ({found[0]!r}...) or to another part of a training run "
            f"({', '.join(sorted(_OTHER_PARTS))}). Received: unused={unused}; `prefix` leaves them out."
        )
    return {name[len(found[0]) :]: array for name, array in own.items()}


def _is_other_part(name):
    return not _OTHER_PARTS.isdisjoint(name.split("."))


def encoder_arguments(weights: Mapping[str, np.ndarray], generation: str = "auto") -> dict:
    """Returns the arguments of the `Encoder` to which these weights belong.

    Args:
        weights: arrays by name, see `encoder_weights`.
        generation: "v1" (AudioNTT2020, a frame feature is the perceptron's output), "v2" (AudioNTT2022,
            local and global features joined), or "auto": v1 with three convolution blocks, else v2.

    Raises:
        ValueError: names are missing, or sizes belong to no encoder of 64 mels.
    """
    blocks = 0
    while f"features.{4 * blocks}.weight" in weights:
        blocks += 1
    missing = [name for name in (_FIRST_WEIGHT, "fc.0.weight", "fc.3.weight") if name not in weights]
    if missing:
        raise ValueError(
            "The names must be those of an AudioNTT2020 or AudioNTT2022. Received: "
            f"missing={missing}; the names are {_some(weights)}"
        )
    channels, hidden, output = (
        (*weights[name].shape, 0)[0] for name in (_FIRST_WEIGHT, "fc.0.weight", "fc.3.weight")
    )
    # The shapes are checked before anything of such a size is made.
    shapes = {
        f"features.{4 * block}.weight": (channels, channels if block else 1, 3, 3) for block in range(blocks)
    }
    shapes["fc.0.weight"] = (hidden, channels * (N_MELS >> blocks))
    shapes["fc.3.weight"] = (output, hidden)
    for name, shape in shapes.items():
        if weights[name].shape != shape:
            raise ValueError(
                f"{name!r} must have the shape {shape}, for {N_MELS} mels, {blocks} convolution blocks and "
                f"{channels} channels. Received: shape={weights[name].shape}; for another kind of encoder, "
                "build the `Encoder` yourself and call load_torch_weights."
            )
    if generation == "auto":
        generation = "v1" if blocks == 3 else "v2"
    features = _FEATURES[generation]
    return {"conv_blocks": blocks, "channels": channels, "mlp_units": (hidden, output), "features": features}


def _some(names):
    return ", ".join(list(names)[:6]) + (", ..." if len(names) > 6 else "")
