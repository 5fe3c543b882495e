import json
import logging as standard_logging

import pytest
from absl import flags, logging

from byola_keras.commands import common


def test_json_file_gets_its_folder_and_is_whole(tmp_path):
    path = str(tmp_path / "new" / "figures.json")
    common.make_folder_of(path)
    assert (tmp_path / "new").is_dir()
    common.write_json(path, {"a": [1.5]})
    with pytest.raises(TypeError):
        common.write_json(path, {"b": object()})
    assert json.loads((tmp_path / "new" / "figures.json").read_text()) == {"a": [1.5]}
    assert len(list((tmp_path / "new").iterdir())) == 1
    # The flag may be left out.
    common.make_folder_of(None)
    common.write_json(None, {})


def test_sound_by_a_list_alone():
    values = flags.FlagValues()
    common.sound_flags(values, "input")
    values(["name", "--file_list=list.txt"])
    assert (values.input, values.file_list) == ([], "list.txt")


def test_tasks_of_a_flag_that_is_given_twice_are_all_there():
    values = flags.FlagValues()
    common.tasks_flag(values, "The tasks.")
    values(["name", "--tasks=esc50, gtzan", "--tasks=csv:birds.csv:species,"])
    assert common.tasks(values) == ["esc50", "gtzan", "csv:birds.csv:species"]


@pytest.mark.parametrize(("verbosity", "shown"), [(logging.INFO, False), (logging.DEBUG, True)])
def test_reports_of_beam_are_hidden_but_on_request(monkeypatch, verbosity, shown):
    handler, before = logging.get_absl_handler(), logging.get_verbosity()
    monkeypatch.setattr(handler, "filters", [])
    logging.set_verbosity(verbosity)
    try:
        common.hide_beam_reports()
        passed = [
            bool(handler.filter(record(path))) for path in ("x/apache_beam/runner.py", "byola_keras/x.py")
        ]
    finally:
        logging.set_verbosity(before)
    assert passed == [shown, True]


def record(path):
    return standard_logging.LogRecord("absl", standard_logging.INFO, path, 1, "text", None, None)
