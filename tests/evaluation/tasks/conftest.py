import pytest

from tests.evaluation.tasks import fake_copies


@pytest.fixture
def copy(tmp_path):
    """Writes the fake copy of a task and gives its folder."""

    def make(name):
        getattr(fake_copies, name)(tmp_path / name)
        return tmp_path / name

    return make
