"""The search for parameters of the augmentation, by Optuna (Section IV-B2 of the paper).

All trials are in one SQLite file. A trial belongs to the process that holds the lock of its folder, and the
lock ends with the process: a trial under way without a holder was left by a killed process, and the next one
goes on with it. So no trial is lost, none runs twice, and nobody waits for heartbeats to fail.
"""

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Callable, Sequence

from absl import logging

from byola_keras.ablation import search_space
from byola_keras.ablation.child import CommandFailedError
from byola_keras.differences import differing, name_differences
from byola_keras.folder_lock import locked

DATABASE = "search.db"
TRIALS = "trials"
# The working directory of its training, in the folder of a trial.
RUN = "run"
STUDY = "augmentation"
_SETTINGS = "settings"
# After so many trials in a row whose training failed, the parameters are not to blame.
_FAILURES_IN_A_ROW = 3
_POLL_SECONDS = 0.2
# Trials before the sampler learns from them, and before the pruner compares with them.
_RANDOM_TRIALS = 10
_UNPRUNED_TRIALS = 4
_DATABASE_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Stage:
    """What is to be done for a trial up to a number of steps.

    Attributes:
        folder: of the trial.
        augmentation: the chain of blocks, as text.
        steps: training steps since the beginning of the trial.
        held: descriptors of locks, for processes that work in the folder.
    """

    folder: str
    augmentation: str
    steps: int
    held: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Search:
    """A search, which several processes may run at once.

    Attributes:
        output_dir: local folder of the database and the trials.
        trials: how many trials there shall be in all, finished or pruned.
        steps: training steps after which a trial is scored, and pruned if it is among the worse half.
        score: trains and scores a stage; if it was killed in the midst, it goes on. The greater the better.
        settings: all else that scores depend on, JSON values by name; the same in every process.
        seed: of the sampler.
    """

    output_dir: str
    trials: int
    steps: Sequence[int]
    score: Callable[[Stage], float]
    settings: dict
    seed: int = 0


def run(search: Search, after_each: Callable = lambda study: None):
    """Runs trials until there are as many as wanted, together with all processes that run the same search.

    Args:
        search: the search.
        after_each: called with the study when a trial of this process is finished.

    Returns:
        The study, an `optuna.Study`.

    Raises:
        ImportError: Optuna is not installed.
        ValueError: the folder has a search with other settings.
        CommandFailedError: the first trial, with the paper's parameters, cannot be trained, or several in a
            row cannot. The last one is left open.
        CommandStoppedError: a training was ended from outside. Its trial is left open.
    """
    study = open_study(search)
    failures = 0
    while True:
        with contextlib.ExitStack() as locks:
            taken = _take(study, search, locks)
            if taken is None:
                if not _under_way(study):
                    return study
                # Another process has it, or what a killed process has left is still being saved.
                time.sleep(_POLL_SECONDS)
                continue
            trial, descriptor = taken
            try:
                _finish(study, trial, search, descriptor)
                failures = 0
            except CommandFailedError as error:
                failures += 1
                if trial.number == 0 or failures == _FAILURES_IN_A_ROW:
                    raise
                logging.warning("Trial %d has failed, and another takes its place: %s", trial.number, error)
                study.tell(trial, state=_states().FAIL)
        after_each(study)


def open_study(search: Search):
    """The study in the folder, an `optuna.Study`; a new one starts with a trial of the paper's parameters.

    Raises:
        ImportError: Optuna is not installed.
        ValueError: the folder has a search with other settings.
    """
    optuna = _optuna()
    with _choosing(search.output_dir):
        storage = _storage(search.output_dir)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED_TRIALS)
        study = optuna.create_study(
            storage=storage, study_name=STUDY, direction="maximize", pruner=pruner, load_if_exists=True
        )
        _check_settings(study, search)
        if not study.get_trials(deepcopy=False):
            study.enqueue_trial(search_space.printed_values())
    return study


def trial_folder(output_dir: str, number: int) -> str:
    """Folder of a trial."""
    return os.path.join(output_dir, TRIALS, f"{number:04d}")


def _check_settings(study, search):
    wanted = json.loads(json.dumps({**search.settings, "steps": list(search.steps)}))
    known = study.user_attrs.get(_SETTINGS)
    if known is None:
        study.set_user_attr(_SETTINGS, wanted)
    elif known != wanted:
        received, expected = name_differences(differing(wanted, known), wanted, known)
        raise ValueError(
            "All trials of a search must be made in the same way, or their scores say nothing. Received: "
            f"{received}; the search in {search.output_dir!r} was started with {expected}. Use these values, "
            "or another folder."
        )


def _take(study, search, locks):
    """A trial that nobody works on, and the descriptor of its lock; None if there are enough trials.

    Locks that turn out not to be needed are among `locks`, too, until those are closed.
    """
    with _choosing(search.output_dir):
        trials = study.get_trials(deepcopy=False)
        for number in (known.number for known in trials if known.state == _states().RUNNING):
            descriptor = _hold(search.output_dir, number, locks)
            # Its process may have finished it since the list was made.
            if descriptor is not None and _frozen(study, number).state == _states().RUNNING:
                logging.info("Trial %d goes on where it was left.", number)
                return _trial(study, number, search.output_dir), descriptor
        counted = (_states().COMPLETE, _states().PRUNED, _states().RUNNING)
        if sum(known.state in counted for known in trials) >= search.trials:
            return None
        # A process that is started again must not draw once more what the last one has drawn.
        seed = search.seed + sum(known.state != _states().WAITING for known in trials)
        study.sampler = _optuna().samplers.TPESampler(seed=seed, n_startup_trials=_RANDOM_TRIALS)
        trial = study.ask()
        search_space.suggest(trial)
        return trial, _hold(search.output_dir, trial.number, locks)


def _hold(output_dir, number, locks):
    """Locks the folder of a trial until `locks` are closed; None if another process has it."""
    with contextlib.suppress(ValueError):
        return locks.enter_context(locked(trial_folder(output_dir, number), "busy"))
    return None


def _trial(study, number, output_dir):
    """The trial that another process has begun.

    Optuna leads from a number to a trial that can be continued by its storage and by the constructor only, of
    whose direct use its documentation advises against.
    """
    storage = _storage(output_dir)
    study_id = storage.get_study_id_from_name(study.study_name)
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, number)
    return _optuna().trial.Trial(study, trial_id)


def _finish(study, trial, search, descriptor):
    """Trains and scores a trial stage by stage, and prunes it or completes it."""
    # A killed process may have drawn some of the parameters only.
    search_space.suggest(trial)
    augmentation = search_space.augmentation(trial.params)
    scores = dict(_frozen(study, trial.number).intermediate_values)
    folder = trial_folder(search.output_dir, trial.number)
    for steps in search.steps:
        if steps not in scores:
            logging.info("Trial %d, step %d: %s", trial.number, steps, augmentation)
            scores[steps] = search.score(Stage(folder, augmentation, steps, (descriptor,)))
            trial.report(scores[steps], steps)
        if steps != search.steps[-1] and trial.should_prune():
            study.tell(trial, state=_states().PRUNED)
            return
    study.tell(trial, scores[search.steps[-1]])


def _under_way(study):
    return any(trial.state == _states().RUNNING for trial in study.get_trials(deepcopy=False))


def _frozen(study, number):
    return next(trial for trial in study.get_trials(deepcopy=False) if trial.number == number)


def _choosing(output_dir):
    """While one process chooses its next trial, others wait."""
    busy = "Another process of the search is choosing its next trial."
    return locked(os.path.join(output_dir, TRIALS), busy, wait=True)


def _storage(output_dir):
    return _optuna().storages.RDBStorage(
        f"sqlite:///{os.path.abspath(os.path.join(output_dir, DATABASE))}",
        engine_kwargs={"connect_args": {"timeout": _DATABASE_SECONDS}},
    )


def _states():
    return _optuna().trial.TrialState


def _optuna():
    try:
        import optuna  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            f"The search needs the package {error.name}; run: pip install 'byola-keras[search]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
