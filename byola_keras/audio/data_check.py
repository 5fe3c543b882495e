"""The data check: what is wrong with the sound files of a folder, before a long run."""

import collections
import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool

from byola_keras.audio.file_check import PROBLEMS, FileCheck, check_file
from byola_keras.processes import available_cores, process_pool

_CHUNK = 32
_CHUNKS_AHEAD = 4
# Upper ends in seconds of the bars of the histogram.
_LENGTHS = {"under 0.95 s": 0.95, "0.95 to 2 s": 2, "2 to 5 s": 5, "5 to 10 s": 10, "10 to 30 s": 30}
_LENGTHS |= {"30 s to 10 min": 600, "10 min and more": float("inf")}
_SHOWN_FILES = 5


class DataCheck:
    """Gathers the findings on files. It keeps the faulty ones in memory, and of each other file a digest.

    Attributes:
        files: number of files that were checked.
        seconds: length of all their sound together.
        problems: name of each problem -> list of (path, detail).
        sample_rates: rate in Hz -> number of files.
        formats: format -> number of files.
        channels: number of channels -> number of files.
        lengths: bar of the histogram -> number of files.
    """

    def __init__(self):
        self.files, self.seconds = 0, 0.0
        self.problems: dict[str, list[tuple[str, str]]] = {problem: [] for problem in PROBLEMS}
        self.sample_rates, self.formats = collections.Counter(), collections.Counter()
        self.channels, self.lengths = collections.Counter(), collections.Counter()
        self._first: dict[bytes, str] = {}

    def add(self, check: FileCheck) -> None:
        """Adds the findings on one more file; the files come in the order of their paths."""
        self.files += 1
        self.seconds += check.seconds
        for problem, detail in check.problems.items():
            self.problems[problem].append((check.path, detail))
        if check.digest:
            first = self._first.setdefault(check.digest, check.path)
            if first != check.path:
                self.problems["duplicate"].append((check.path, first))
        if "unreadable" in check.problems:
            return
        self.sample_rates[check.sample_rate] += 1
        self.formats[check.format] += 1
        self.channels[check.channels] += 1
        self.lengths[next(name for name, end in _LENGTHS.items() if check.seconds < end)] += 1

    def to_json(self) -> dict:
        """Gives all findings as JSON values."""
        return {
            "files": self.files,
            "hours": self.seconds / 3600,
            "problems": {
                problem: [{"path": path, "detail": detail} for path, detail in found]
                for problem, found in self.problems.items()
            },
            "sample_rates": {str(rate): count for rate, count in sorted(self.sample_rates.items())},
            "formats": dict(self.formats.most_common()),
            "channels": {str(number): count for number, count in sorted(self.channels.items())},
            "lengths": {name: self.lengths[name] for name in _LENGTHS},
        }

    def table(self) -> str:
        """Gives the findings as text for a terminal."""
        lines = [f"{self.files:,} files, {self.seconds / 3600:.2f} hours."]
        for problem, found in self.problems.items():
            if found:
                lines += ["", f"{problem}: {len(found):,} ({PROBLEMS[problem]})"]
                lines += [f"  {path}: {detail}" for path, detail in found[:_SHOWN_FILES]]
                if len(found) > _SHOWN_FILES:
                    lines.append(f"  and {len(found) - _SHOWN_FILES:,} more, which --json lists")
        histograms = {
            "sample rates in Hz": sorted(self.sample_rates.items()),
            "formats": self.formats.most_common(),
            "channels": sorted(self.channels.items()),
            "lengths": [(name, self.lengths[name]) for name in _LENGTHS if self.lengths[name]],
        }
        for name, counts in histograms.items():
            lines += ["", f"{name}:", *_bars(counts)]
        return "\n".join(lines)


def check_files(
    paths: Sequence[str], shortest_seconds: float, workers: int | None = None
) -> Iterator[FileCheck]:
    """Checks files in parallel, in processes of their own, so that a decoder that dies becomes a finding.

    Args:
        paths: paths or addresses of sound files.
        shortest_seconds: length in seconds below which a file counts as too short.
        workers: number of processes; None for one a processor core.

    Yields:
        The findings on each file, in the order of `paths`.
    """
    workers = workers or available_cores()
    chunks = [list(chunk) for chunk in _batched(paths, _CHUNK)]
    done: dict[int, list[FileCheck]] = {}
    given = 0

    def ready():
        nonlocal given
        while given in done:
            yield from done.pop(given)
            given += 1

    while given < len(chunks):
        try:
            with process_pool(workers) as pool:
                waiting = [number for number in range(given, len(chunks)) if number not in done]
                results = _map_bounded(pool, _CHUNKS_AHEAD * workers, waiting, chunks, shortest_seconds)
                for number, findings in results:
                    done[number] = findings
                    yield from ready()
        except BrokenProcessPool:
            # A file of one of the chunks under way has ended its process: the first of these chunks is
            # checked file by file.
            done[given] = list(_check_one_by_one(chunks[given], shortest_seconds))
            yield from ready()


def _check_chunk(paths, shortest_seconds):
    return [check_file(path, shortest_seconds) for path in paths]


def _check_one_by_one(paths, shortest_seconds):
    remaining = list(paths)
    while remaining:
        with contextlib.suppress(BrokenProcessPool), process_pool(1) as pool:
            while remaining:
                yield pool.submit(check_file, remaining[0], shortest_seconds).result()
                del remaining[0]
            return
        yield FileCheck(remaining.pop(0), {"unreadable": "its decoder dies"})


def _map_bounded(pool, ahead, waiting, chunks, shortest_seconds):
    """Gives (number, findings) of chunks as they are done; at most `ahead` are in the pool at a time."""
    numbers, running = iter(waiting), {}
    while True:
        for number in itertools.islice(numbers, ahead - len(running)):
            running[pool.submit(_check_chunk, chunks[number], shortest_seconds)] = number
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future.result()


def _batched(items: Iterable, size: int):
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _bars(counts):
    most = max((count for _, count in counts), default=1)
    for name, count in counts:
        yield f"  {name!s:<24}{count:>10,}  {'#' * round(30 * count / most)}"
