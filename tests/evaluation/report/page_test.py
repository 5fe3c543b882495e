"""results.html as a browser shows it: the table, the bars, the matrices, and the sound behind a cell."""

import numpy as np
import pytest
import soundfile

from byola_keras.evaluation import details, predictions, records, results
from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.task_probe import TaskScores
from tests.browser import new_page
from tests.evaluation.result_records import RECORD, append, append_nine
from tests.factories import tone

CLASSES = ["crow", "owl", "</script><b>wren</b>"]
BIRDS = {
    "task": "csv_labels_bird",
    "title": "csv_labels_bird",
    "task_file": "/far/birds/labels.csv",
    "comparable": False,
}


def append_birds(folder, model, taken):
    """A result on birds: three test clips of each class, and what two probes take them for."""
    record = {**RECORD, **BIRDS, "model": model, "mean": 0.5, "seconds": {"embed": 1.25, "probe": 2.0}}
    record |= {"balanced_accuracy": 0.4, "balanced_accuracy_ci95": 0.05}
    clips = [
        Clip(str(folder / f"{label[:1]}{n}.wav".replace("<", "w")), (label,), "test")
        for label in CLASSES
        for n in range(3)
    ]
    train = [clip._replace(split="train") for clip in clips[::3]]
    task = Task("csv_labels_bird", "birds: bird", (*train, *clips), 1.0, comparable=False)
    number = {label: place for place, label in enumerate(task.classes)}
    targets = np.array([number[clip.labels[0]] for clip in clips])
    said = [[taken.get((n, probe), target) for n, target in enumerate(targets)] for probe in (0, 1)]
    outcome = TaskScores("accuracy", np.ones(2), [0.1], np.eye(3, dtype="float32")[said], targets)
    records.append(str(folder / "out"), record)
    predictions.write(details.predictions_path(str(folder / "out"), record), task, outcome)
    return clips


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder of results of two models on the nine tasks and on birds; one sound file is gone."""
    folder = tmp_path_factory.mktemp("page")
    out = folder / "out"
    append_nine(out, "runs/mine/embedder.keras", shift=0.05)
    append_nine(out, "random", shift=0.01)
    # Both probes take the first owl for a crow, and one of them the second one.
    owl, crow = 2, 1
    clips = append_birds(folder, "runs/mine/embedder.keras", {(3, 0): crow, (3, 1): crow, (4, 1): crow})
    append_birds(folder, "random", {(0, 0): owl})
    for number, clip in enumerate(clips[:-1]):
        soundfile.write(clip.path, tone(0.5 + 0.5 * number, 440)[0], 16000)
    append(out, task="vc1", title="VoxCeleb1", model="random", mean=0.93, ci95=None)
    results.summarize(str(out))
    return out / "results.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with new_page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser, written):
    browser.open(written)
    yield browser
    assert browser.errors() == []
    asked_for = {address for address in browser.requests() if not address.startswith("data:")}
    assert asked_for == {written.as_uri()}


def texts(page, selector):
    return page.run(f"[...document.querySelectorAll({selector!r})].map((found) => found.innerText.trim())")


def click(page, selector):
    page.run(f"document.querySelector({selector!r}).click()")


def test_table_is_sorted_by_a_click(page):
    assert texts(page, "#table tbody th")[:3] == ["mine", "random", "TRILL [U] ‡"]
    assert texts(page, "#table thead th")[-1] == "birds: bird"
    assert texts(page, "#table tbody tr:nth-child(2) td")[3] == "93.0"
    assert texts(page, "#table td.best")[:2] == ["5.0 ± 0.6", "15.0 ± 0.6"]
    click(page, "th[data-key=esc50] button")
    first, *_, last_with_score = texts(page, "#table tbody th")[:14]
    assert first == "AST [Sas] †" and last_with_score == "random"
    click(page, "th[data-key=esc50] button")
    assert texts(page, "#table tbody th")[:2] == ["random", "mine"]
    assert page.run("document.querySelector('th[data-key=esc50]').ariaSort") == "ascending"
    click(page, "#published")
    assert texts(page, "#table tbody th") == ["random", "mine"]


def test_balanced_accuracy(page):
    assert texts(page, "#measure option") == ["the task's metric", "balanced accuracy"]
    choose(page, "#measure", "balanced_accuracy")
    # Published rows and other tasks have none.
    assert texts(page, "#table tbody th") == ["mine", "random"]
    assert "".join(texts(page, "#table tbody tr:nth-child(2) td")) == "40.0 ± 5.0"
    assert texts(page, "#bars .number") == ["40.0 ± 5.0"] * 2


def test_bars_have_their_lengths_and_whiskers(page):
    panel = "#bars section:nth-child(4) "
    assert texts(page, panel + "h3") == ["VoxCeleb1"]
    names, numbers = texts(page, panel + ".name"), texts(page, panel + ".number")
    assert (names[0], numbers[0]) == ("random", "93.0")
    assert numbers[names.index("BYOL-A [U] †")] == "57.6 ± 0.2"
    script = f"""(() => {{
        const box = (selector) => document.querySelector({panel!r} + selector).getBoundingClientRect();
        const [track, fill] = [box(".track"), box(".fill")];
        const whiskers = document.querySelectorAll({panel!r} + ".bar:nth-of-type(1) .whisker");
        return [fill.width / track.width, whiskers.length];
    }})()"""
    assert page.run(script) == [pytest.approx(0.93, abs=0.01), 0]


def test_cell_opens_its_clips_and_they_sound(page):
    assert texts(page, "#task option") == ["birds: bird"] and texts(page, "#row option") == ["mine", "random"]
    # Names of classes are text, whatever is in them.
    assert texts(page, "#matrix thead th") == ["</script><b>wren</b>", "crow", "owl"]
    rows = [texts(page, f"#matrix tbody tr:nth-child({number}) td") for number in (1, 2, 3)]
    assert rows == [["100", "", ""], ["", "100", ""], ["", "50", "50"]]
    click(page, "#matrix tbody tr:nth-child(3) td:nth-child(3) button")
    assert texts(page, "#cell h3") == ["owl taken for crow: 1.5 clips of 3"]
    first, second = texts(page, "#cell li span")
    assert first.endswith("/o0.wav (by 2 of 2 probes)") and second.endswith("/o1.wav (by 1 of 2 probes)")
    # The clips have half a second each more than the one before.
    heard = page.run("""Promise.all([...document.querySelectorAll("#cell audio")].map(async (audio) => {
        await audio.play();
        await new Promise((heard) => audio.addEventListener("timeupdate", heard, { once: true }));
        audio.pause();
        return audio.duration;
    }))""")
    assert heard == [pytest.approx(2.0, abs=0.1)] * 2
    click(page, "#matrix tbody tr:nth-child(1) td:nth-child(2) button")
    assert texts(page, "#cell h3") == ["</script><b>wren</b> recognised: 3 clips of 3"]
    # One of the three files is gone.
    assert len(texts(page, "#cell li")) == 3 and len(texts(page, "#cell audio")) == 2


def test_decoded_sound_is_that_of_the_file(page):
    """By the browser's own decoder: a tone of 440 Hz at half the full scale."""
    click(page, "#pairs button")
    script = """(async () => {
        const address = document.querySelector("#cell audio").src;
        const bytes = Uint8Array.from(atob(address.split(",")[1]), (letter) => letter.charCodeAt(0));
        const context = new OfflineAudioContext(1, 16000, 16000);
        const sound = await context.decodeAudioData(bytes.buffer);
        return [sound.numberOfChannels, [...sound.getChannelData(0).slice(4000, 12000)]];
    })()"""
    channels, samples = page.run(script)
    spectrum = np.abs(np.fft.rfft(samples))
    assert channels == 1 and np.argmax(spectrum) * 2 == 440
    assert np.std(samples) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_another_representation(page):
    choose(page, "#row", "random")
    assert texts(page, "#matrix-title") == ["birds: bird: random (9 clips, 3 classes)"]
    assert texts(page, "#pairs button") == ["crow taken for owl: 0.5 clips of 3"]


def test_correlation_seconds_and_notes(page):
    names = texts(page, "#alike tbody th")
    assert names[:3] == ["mine", "random", "VGGish †"] and len(names) == 2 + 12
    assert texts(page, "#alike tbody tr:nth-child(1) td")[0] == "1.00"
    assert "embed 1.3, probe 2.0" in texts(page, "#seconds td")
    notes = "\n".join(texts(page, "#notes p"))
    assert "mine is runs/mine/embedder.keras" in notes and "* Not comparable with published numbers" in notes


def choose(page, selector, value):
    page.run(f"""(() => {{
        const chosen = document.querySelector({selector!r});
        chosen.value = {value!r};
        chosen.dispatchEvent(new Event("change"));
    }})()""")


@pytest.mark.parametrize(("width", "scheme", "channel"), [(1280, "light", 246), (390, "dark", 20)])
def test_sizes_and_colours(browser, written, width, scheme, channel):
    """Nothing is wider than the window, and the background is that of the scheme."""
    browser.open(written, width, 844, scheme)
    click(browser, "#pairs button")
    assert width - 20 <= browser.run("document.documentElement.scrollWidth") <= width
    # A name of a few letters is a line or two.
    assert browser.run("document.querySelector('#table tbody tr').offsetHeight") < 60
    colour = browser.run("getComputedStyle(document.body).backgroundColor")
    assert colour.startswith(f"rgb({channel}, ")
    assert browser.errors() == []
