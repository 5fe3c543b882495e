"""A record of a result, for tests of what is made of records."""

from byola_keras.evaluation import published, records

RECORD = {
    "task": "esc50",
    "title": "ESC-50",
    "model": "runs/one",
    "metric": "accuracy",
    "mean": 0.832,
    "ci95": 0.006,
    "scores": [0.83, 0.834],
    "learning_rate": 3e-5,
    "learning_rate_choice": "authors",
    "seconds": {"embed": 1.5, "probe": 2.0},
    "protocol": "window",
    "comparable": True,
    "clips": 2000,
}
TITLES = dict(
    zip(
        published.TASKS,
        ("ESC-50", "US8K", "SPCV2", "VoxCeleb1", "VoxForge", "CREMA-D", "GTZAN", "NSynth", "Surge"),
        strict=True,
    )
)


def append(folder, **changes):
    """Adds the record with these changes to the results of a folder."""
    records.append(str(folder), {**RECORD, **changes})


def append_nine(folder, model="runs/one", shift=0.0, **changes):
    """Adds a result for each of the nine tasks: 0 % for the first, 10 % for the second and so on."""
    for number, (task, title) in enumerate(TITLES.items()):
        mean = 0.1 * number + shift
        append(folder, task=task, title=title, model=model, mean=mean, **changes)
