"""The tables of balanced accuracy and retrieval below the main one."""

from byola_keras.evaluation import further, records, results
from tests.evaluation.result_records import append


def sections(folder):
    """Heading -> rows of its table."""
    text = further.markdown(results.group_rows(records.load(str(folder))))
    found = {}
    for part in text.split("## ")[1:]:
        heading, *lines = part.splitlines()
        rows = [line for line in lines if line.startswith("|") and not line.startswith("|:")]
        found[heading] = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return found


def test_earlier_results_have_none(tmp_path):
    append(tmp_path)
    assert further.markdown(results.group_rows(records.load(str(tmp_path)))) == ""
    assert "##" not in results.summarize(str(tmp_path))


def test_tables_by_hand(tmp_path):
    balanced = {"balanced_accuracy": 0.5, "balanced_accuracy_ci95": 0.01}
    found = {"retrieval_map": 0.25, "retrieval_map_ci95": float("nan")}
    append(tmp_path, probe="linear", layer=None, windows=1, **balanced, **found)
    append(tmp_path, model="old")
    knn = {"probe": "knn", "learning_rate_choice": None, "layer": None, "windows": 1}
    append(tmp_path, **knn, **found)
    append(tmp_path, **knn, task="us8k", title="US8K", retrieval_map=0.75)
    append(tmp_path, **{**knn, "layer": "conv_1"}, retrieval_map=0.125)
    assert sections(tmp_path) == {
        "Balanced accuracy": [
            ["Representation", "ESC-50"],
            ["one (window, authors)", "50.0 ± 1.0"],
        ],
        # One row for both probes of the embedding, with the tasks of both.
        "Retrieval": [
            ["Representation", "ESC-50", "US8K"],
            ["one (window)", "25.0", "75.0"],
            ["one (window, layer conv_1)", "12.5", ""],
        ],
    }
    written = results.summarize(str(tmp_path))
    assert written.index("Scores are in percent") < written.index("## Balanced accuracy")
