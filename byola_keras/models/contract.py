"""What an encoder must be, so that chunks, exports, probes and HEAR work with it."""

import inspect
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

# How a scene follows from its frames. "mean_std" joins mean and standard deviation; the others keep the size.
POOLINGS = ("mean_max", "mean", "max", "mean_std")


@runtime_checkable
class EncoderContract(Protocol):
    """The contract of encoders: a Keras layer or model [batch, T, F] -> frame features and one embedding.

    `encoder(x, training=None, layers=(), lengths=None)` returns {"scene": [batch, D], "frames": [batch, T',
    D']}, and with `layers` ("all" or some of `layer_names`) also {"layers": {name: [batch, T_name, size]}}
    with T_name of at most T // strides[name]. T' is T // stride, D' is D unless the pooling is "mean_std",
    where D is 2 D'. With `lengths`, int [batch], the front-end frames that belong to each clip of a padded
    batch, scene and the clip's frames are those of the clip alone.

    An encoder may also have `first_centre`: the front-end frame, counted from 0, on which what the first
    frame feature sees is centred. Without it a frame feature is centred on the frames that it covers.

    Attributes:
        stride: front-end frames that one frame feature covers, an integer.
        strides: the same for every name of `layer_names`.
        context: frame features on each side of a border that depend on what lies beyond it. Sound that is cut
            into chunks is cut with so many frames more, which are thrown away.
        pooling: one of `POOLINGS`.
        layer_names: names of the layers whose features a call can return.
    """

    stride: int
    strides: Mapping[str, int]
    context: int
    pooling: str
    layer_names: tuple[str, ...]

    def embedding_size(self, n_mels: int) -> int:
        """D, the size of the embedding for an input of `n_mels` mel bins."""


def check_encoder(encoder) -> None:
    """Refuses what lacks a part of the contract.

    Raises:
        ValueError: an attribute is missing.
    """
    names = (*EncoderContract.__annotations__, "embedding_size")
    missing = [name for name in names if not hasattr(encoder, name)]
    if missing:
        raise ValueError(
            f"An encoder must have {', '.join(names)}; see byola_keras.models.contract. Received: "
            f"{type(encoder).__name__} without {', '.join(missing)}"
        )


def takes_lengths(encoder) -> bool:
    """Whether the encoder's call takes the `lengths` of a padded batch."""
    return "lengths" in inspect.signature(type(encoder).call).parameters
