"""Names of weights that stay the same from process to process, for checkpoints."""

import re

import keras

# Keras tells layers without a name of their own apart by numbers that count all layers of the process.
_NUMBERED = re.compile(r"(.+?)(?:_(\d+))?")


def stable_names(paths: list[str]) -> list[str]:
    """Names for the paths of weights, with ":" between their parts, each once.

    A number at the end of a part goes. Where parts beside each other are the same without it, they are
    numbered anew in the order of the old numbers: "byol_3/conv_7/kernel" and "byol_3/conv_9/kernel" become
    "byol:conv-0:kernel" and "byol:conv-1:kernel", in whatever order they come. Equal paths are numbered in
    the order in which they come.
    """
    parts = [path.split("/") for path in paths]
    names = [""] * len(paths)
    _name_level(parts, list(range(len(paths))), 0, "", names)
    return names


def _name_level(parts, members, level, prefix, names):
    """Names the `members`, numbers of paths that are equal before `level`."""
    stems = {}
    for member in members:
        stem, number = _NUMBERED.fullmatch(parts[member][level]).groups()
        stems.setdefault(stem, {}).setdefault(int(number or 0), []).append(member)
    for stem, numbered in stems.items():
        for place, number in enumerate(sorted(numbered)):
            name = prefix + stem + (f"-{place}" if len(numbered) > 1 else "")
            ends = [member for member in numbered[number] if len(parts[member]) == level + 1]
            for count, member in enumerate(ends):
                names[member] = f"{name}-{count}" if len(ends) > 1 else name
            deeper = [member for member in numbered[number] if len(parts[member]) > level + 1]
            if deeper:
                _name_level(parts, deeper, level + 1, f"{name}:", names)


def named_weights(model: keras.Model) -> dict[str, keras.Variable]:
    """The weights of a built model by stable name."""
    weights = model.weights
    return dict(zip(stable_names([weight.path for weight in weights]), weights, strict=True))


def named_optimizer_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables of the built optimizer of a model by stable name."""
    weights = {weight.path.replace("/", "_"): weight.path for weight in model.trainable_weights}
    variables = model.optimizer.variables
    paths = [_slot_path(variable.path, weights) for variable in variables]
    return dict(zip(stable_names(paths), variables, strict=True))


def _slot_path(path, weights):
    """The path of a slot with the path of its weight in it.

    Keras joins that by "_": of byol/dense_1/kernel the slot is adam/byol_dense_1_kernel_momentum.
    """
    optimizer, _, name = path.rpartition("/")
    words = name.split("_")
    for count in range(len(words) - 1, 0, -1):
        weight = weights.get("_".join(words[:count]))
        if weight:
            return "/".join([optimizer, weight, "_".join(words[count:])])
    return path
