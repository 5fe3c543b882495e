"""The words by which an evaluation is chosen, and those that older results and commands have for them."""

PROTOCOLS = WINDOW, WHOLE_CLIP = ("window", "whole_clip")
# What results of embeddings that were computed elsewhere have for a protocol: no sound was read.
STORED = "stored"
# What chooses the learning rate of a probe, other than a number.
SEARCH, AUTHORS = "search", "authors"
# What tells the classes of the clips from their embeddings.
PROBES = LINEAR, KNN, FEW_SHOT = ("linear", "knn", "few_shot")
# Seeds of linear probes.
SEEDS = (42, 43, 44)

# Until these names were found the rules of the authors' evaluation code were called the paper's.
OLD_PROTOCOLS = {"paper": WINDOW, "full": WHOLE_CLIP}
OLD_LEARNING_RATES = {"paper": AUTHORS}


def present_protocol(word: str) -> str:
    """The present name of a protocol, if `word` is an old one; else `word` itself."""
    return OLD_PROTOCOLS.get(word, word)


def present_learning_rate(word: str) -> str:
    """The present name of a choice of the learning rate, if `word` is an old one; else `word` itself."""
    return OLD_LEARNING_RATES.get(word, word)
