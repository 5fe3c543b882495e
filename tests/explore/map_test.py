"""map.html as a browser shows it: points, names, sound, lasso, legend."""

import csv
import io
import urllib.parse

import numpy as np
import pytest
import soundfile

from byola_keras.explore.explore import MapRequest, write_map
from tests.browser import new_page
from tests.factories import tone
from tests.search.stored_scenes import draw, write_scenes

# Names are text, whatever is in them.
NAMES = ["a/</script><b>.wav", 'a/x,"y".wav', "b/1.wav", "b/2.wav", "b/gone.wav"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    sources = [str(folder / f"{number}.wav") for number in range(len(NAMES))]
    for number, source in enumerate(sources[:-1]):
        soundfile.write(source, tone(1 + number)[0], 16000)
    write_scenes(folder / "embeddings", draw(5, 8), names=NAMES, sources=sources)
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with new_page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def written(folder):
    return write_map(MapRequest(str(folder / "embeddings"), str(folder / "map"), method="pca"))


@pytest.fixture
def page(browser, folder, written):
    browser.open(folder / "map" / "map.html")
    yield browser
    assert browser.errors() == []
    inside = (folder.as_uri() + "/map/", "data:")
    assert all(address.startswith(inside) for address in browser.requests())


def mouse(page, kind, point=None, place=None, **more):
    """An event of the mouse at a point of the map, or a place in pixels of the canvas."""
    left, top = place or page.run(f"toPixels(places[{2 * point}], places[{2 * point + 1}])")
    box = page.run("(({ x, y }) => [x, y])(canvas.getBoundingClientRect())")
    at = {"x": box[0] + left, "y": box[1] + top, "button": "left", "clickCount": 1}
    page.call("Input.dispatchMouseEvent", type=kind, **at, **more)


def point_of(page, name):
    return page.run(f"data.titles.findIndex((title) => title.includes({name!r}))")


def test_every_point_is_drawn_in_the_colour_of_its_label(page, written):
    assert written["points"] == 5 and written["silent"] == 1
    page.run("drawNow()")
    colours = page.run("""[...data.titles.keys()].map((point) => {
        const [x, y] = toPixels(places[2 * point], places[2 * point + 1]);
        return [...pen.getImageData(Math.round(x), Math.round(y), 1, 1).data].join();
    })""")
    legend = page.run("""[...document.querySelectorAll("#legend button")].map((button) => [
        button.querySelector(".label").textContent,
        channels(getComputedStyle(button.querySelector(".colour")).backgroundColor).join() + ",255"])""")
    shown = dict(zip(page.run("data.titles"), colours, strict=True))
    assert len({*dict(legend).values()}) == len(legend) > 1
    assert shown["b/1.wav"] == dict(legend)["b"]
    # A click on a label takes its points away.
    page.run("document.querySelector('#legend button').click(); drawNow()")
    assert page.run("pixels.filter((pixel) => pixel !== 0).length") > 0
    page.run("showLabels(false); drawNow()")
    assert page.run("pixels.filter((pixel) => pixel !== 0).length") == 0


def test_pointer_shows_the_name_and_a_click_plays(page):
    point = point_of(page, "b/2.wav")
    mouse(page, "mouseMoved", point)
    assert page.run("byId('name').innerText") == "b/2.wav · b"
    for kind in ("mousePressed", "mouseReleased"):
        mouse(page, kind, point)
    page.run('new Promise((heard) => player.addEventListener("timeupdate", heard, { once: true }))')
    # The fourth sound has four seconds.
    assert page.run("player.duration") == pytest.approx(4.0, abs=0.05)
    gone = point_of(page, "b/gone.wav")
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        mouse(page, kind, gone)
    assert "its sound is not here" in page.run("byId('heard-name').innerText")


def test_lasso_gives_a_table(page):
    whole = page.run("[view.width, view.height]")
    corners = [(2, 2), (whole[0] - 2, 2), (whole[0] - 2, whole[1] - 2), (2, whole[1] - 2)]
    # 8 is the shift key.
    mouse(page, "mousePressed", place=corners[0], modifiers=8)
    for corner in corners[1:]:
        mouse(page, "mouseMoved", place=corner, modifiers=8, buttons=1)
    mouse(page, "mouseReleased", place=corners[-1], modifiers=8)
    assert page.run("byId('chosen-count').innerText") == "5 selected"
    address = page.run("byId('save').href")
    rows = list(csv.DictReader(io.StringIO(urllib.parse.unquote(address.partition(",")[2]))))
    assert [row["file"] for row in rows] == page.run("data.titles")
    assert {row["label"] for row in rows} >= {"b"}
    np.testing.assert_allclose(float(rows[0]["x"]), page.run("places[0]"), atol=1e-4)
    # A lasso around one point holds that one alone.
    point = point_of(page, "b/1.wav")
    page.run(
        f"selectInside([[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => "
        f"[places[{2 * point}] + 0.01 * x, places[{2 * point + 1}] + 0.01 * y]))"
    )
    assert page.run("[...selected]") == [point]


def test_dragging_moves_and_the_wheel_zooms_at_the_pointer(page):
    before = page.run("[view.x, view.y, view.scale]")
    mouse(page, "mousePressed", place=(300, 300))
    mouse(page, "mouseMoved", place=(350, 280), buttons=1)
    mouse(page, "mouseReleased", place=(350, 280))
    x, y, scale = page.run("[view.x, view.y, view.scale]")
    np.testing.assert_allclose([(before[0] - x) * scale, (y - before[1]) * scale], [50, -20], atol=1e-6)
    under = page.run("toPlace(200, 100)")
    mouse(page, "mouseWheel", place=(200, 100), deltaX=0, deltaY=-500)
    assert page.run("view.scale") > 2 * scale
    np.testing.assert_allclose(page.run("toPlace(200, 100)"), under, atol=1e-6)


def test_find(page):
    page.run("byId('find').value = 'B/'; byId('find').dispatchEvent(new Event('input'))")
    assert page.run("byId('summary').innerText") == "5 sounds by PCA, 3 found"


def test_sound_inside_and_in_place(browser, folder):
    for audio, begins in (("inside", "data:audio/mpeg"), ("in_place", "../0.wav"), ("none", None)):
        output = folder / f"map_{audio}"
        write_map(MapRequest(str(folder / "embeddings"), str(output), method="pca", audio=audio))
        assert sorted(path.name for path in output.iterdir()) == ["map.html"]
        browser.open(output / "map.html")
        point = point_of(browser, "a/</script")
        address = browser.run(f"data.sounds[{point}]")
        assert address is None if begins is None else address.startswith(begins)
        if begins:
            browser.run(f"play({point})")
            browser.run(
                'new Promise((heard) => player.addEventListener("timeupdate", heard, { once: true }))'
            )


@pytest.mark.parametrize(("width", "scheme", "channel"), [(1280, "light", 246), (390, "dark", 20)])
def test_sizes_and_colours(browser, folder, written, width, scheme, channel):
    browser.open(folder / "map" / "map.html", width, 844, scheme)
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("getComputedStyle(document.body).backgroundColor").startswith(f"rgb({channel}, ")
    # The names of the labels are to be seen.
    label, body = browser.run("""["#legend .label", "body"].map((selector) =>
        getComputedStyle(document.querySelector(selector)).color)""")
    assert label == body and browser.errors() == []
