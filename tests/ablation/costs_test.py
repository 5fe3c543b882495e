import dataclasses
import re

from byola_keras.ablation import costs, scales, tables


def test_overview_of_a_table(monkeypatch):
    """A run that two rows share is counted once; its sizes and operations are those of its recipe."""
    table = dataclasses.replace(
        tables.TABLES["VI"],
        rows=tuple(tables.TABLES["VI"].row(name) for name in ("a", "random")),
    )
    monkeypatch.setattr(costs, "TABLES", {"VI": table, "XII": dataclasses.replace(table, number="XII")})
    made = []
    build_model = costs.build_model
    monkeypatch.setattr(costs, "build_model", lambda *given: made.append(given) or build_model(*given))
    tiny = {
        "steps": "7",
        "global_batch_size": "4",
        "encoder": "Encoder(channels=4, mlp_units=(8, 8))",
        "projection_units": "16,8",
    }
    text = costs.overview(scales.Scale("tiny", tiny, (), ()), measure=True)
    assert len(made) == 1
    lines = text.splitlines()
    assert lines[0] == "Table VI: Blocks of the augmentation (Section IV-D)" and lines[3] == ""
    assert lines[1:3] == lines[5:7]
    sizes = r"72-d,  0\.00 M parameters, 7 steps of 4 clips, +0 GFLOP a step, \d+\.\d\d s a step$"
    assert re.search(rf"^  a +Mixup \+ RRC \+ RLF \(BYOL-A\) +70\.32 % +{sizes}", lines[1])
    assert lines[2].endswith("61.66 %  no training")
