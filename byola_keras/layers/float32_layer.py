"""Base class of the layers that compute in float32 whatever the precision policy."""

import keras


def float32_only(name: str, dtype) -> str:
    """The dtype of a part that is float32 by contract.

    Args:
        name: of the class, for the error.
        dtype: what the user asked for: None, a name, a Keras policy or its configuration.

    Raises:
        ValueError: another dtype than float32 is asked for.
    """
    if dtype is not None and keras.dtype_policies.get(dtype).name != "float32":
        raise ValueError(
            f"`{name}` computes in float32 under every policy. Received: dtype={dtype!r}; leave `dtype` out, "
            "and give a policy such as 'mixed_bfloat16' to the encoder."
        )
    return "float32"


class Float32Layer(keras.layers.Layer):
    """Base of the front end and the augmentation, whose numbers half precision would spoil.

    Powers span fifteen decades, and the statistics of a batch are sums of millions of numbers. A global
    mixed-precision policy does not reach these layers; an explicit `dtype` other than float32 is an error.

    Args:
        dtype: None or "float32".
        **kwargs: those of `keras.layers.Layer`.

    Raises:
        ValueError: another dtype is given.
    """

    def __init__(self, dtype=None, **kwargs):
        super().__init__(dtype=float32_only(type(self).__name__, dtype), **kwargs)
