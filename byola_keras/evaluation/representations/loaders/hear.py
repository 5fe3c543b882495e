"""Modules with HEAR's three functions, of any framework."""

from byola_keras.evaluation.representations.loaders.child import Child, ChildRepresentation
from byola_keras.evaluation.representations.loaders.outputs import stem
from byola_keras.evaluation.representations.representation import MEAN_MAX, NONE
from byola_keras.evaluation.representations.settings import OUTPUT, PYTHON, split_settings

_OUTPUTS = SCENE, TIMESTAMP = ("scene", "timestamp")


def load_hear(text: str) -> ChildRepresentation:
    """Makes the representation of MODULE[:weights], with settings behind it, see `split_settings`.

    The module is loaded in a process of its own. Besides the common settings there are `output=timestamp`,
    which takes the timestamp embeddings as frames and not the scene embeddings, and `python=PATH`, an
    interpreter that has the module's packages. The sample rate is the model's own.

    Raises:
        ValueError: a setting is not as it must be.
        RepresentationError: the module cannot be loaded.

    Reference:
        https://hearbenchmark.com/hear-api.html
    """
    settings = split_settings(text)
    module, _, weights = settings.place.partition(":")
    output = settings.others.get(OUTPUT, SCENE)
    if not module or output not in _OUTPUTS:
        raise ValueError(
            f"`hear` must be MODULE[:weights], and `output` one of {_OUTPUTS}. Received: {text!r}"
        )
    child = Child("hear", [module, weights, output], settings.others.get(PYTHON))
    about = child.start()
    found = {name: about.get(name) for name in ("sample_rate", "frame_seconds", "first_frame_seconds")}
    pooling = MEAN_MAX if output == TIMESTAMP or "window_seconds" in settings.common else NONE
    name = module.removesuffix(".hear") + (f"_{stem(weights, ('embedder.keras',))}" if weights else "")
    arguments = settings.arguments(name=name, pooling=pooling, **found)
    return ChildRepresentation(child, about, output, [weights] if weights else [], **arguments)
