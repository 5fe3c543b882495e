"""The paper's ablations: every row of its tables as a run, and the search for augmentation parameters."""
