"""tools/explore.py as a user runs it."""

from tests.processes import run
from tests.search.stored_scenes import draw, write_scenes


def test_map_and_projector_of_sound_that_is_gone(tmp_path):
    write_scenes(tmp_path / "embeddings", draw(6, 8))
    arguments = [f"--embeddings={tmp_path}/embeddings", f"--output_dir={tmp_path}/map", "--method=pca"]
    code, output = run("explore.py", *arguments, "--projector")
    assert code == 0, output
    assert "Drawn: 6 points by pca. The sound of 6 is not there." in output
    assert (tmp_path / "map/map.html").exists() and (
        tmp_path / "map/projector/projector_config.pbtxt"
    ).exists()
    code, output = run("explore.py", *arguments, f"--labels={tmp_path}/none.csv:bird")
    assert code == 1 and "error: A CSV file must be there" in output and "Traceback" not in output
