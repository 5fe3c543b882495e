"""Small copies of the ten data sets in their official layout, with empty sound files."""

import json
import os

from byola_keras.evaluation.tasks import load_task

LANGUAGES = ("de", "en", "es", "fr", "it", "ru")


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def lines(*texts):
    return "\n".join(texts) + "\n"


def esc50(folder):
    rows = [
        (f"{fold}-{n}.wav", fold, label) for fold in range(1, 6) for n, label in enumerate(("dog", "rain"))
    ]
    for name, _, _ in rows:
        write(folder / "audio" / name)
    write(
        folder / "meta/esc50.csv",
        lines("filename,fold,target,category", *(f"{name},{fold},0,{label}" for name, fold, label in rows)),
    )


def us8k(folder):
    rows = [
        (f"{fold}-{n}.wav", fold, label)
        for fold in range(1, 11)
        for n, label in enumerate(("siren", "drill"))
    ]
    for name, fold, _ in rows:
        write(folder / f"audio/fold{fold}" / name)
    text = lines(
        "slice_file_name,fsID,fold,class", *(f"{name},1,{fold},{label}" for name, fold, label in rows)
    )
    write(folder / "metadata/UrbanSound8K.csv", text)


def fsd50k(folder):
    dev = ['1,"Bark,Dog",x,train', "2,Rain,x,train", "3,Dog,x,val"]
    for number in (1, 2, 3):
        write(folder / f"FSD50K.dev_audio/{number}.wav")
    write(folder / "FSD50K.eval_audio/4.wav")
    write(folder / "FSD50K.ground_truth/dev.csv", lines("fname,labels,mids,split", *dev))
    write(folder / "FSD50K.ground_truth/eval.csv", lines("fname,labels,mids", '4,"Rain,Dog",x'))


def spcv2(folder):
    for word in ("bed", "cat"):
        for number in range(4):
            write(folder / word / f"{number}_nohash_0.wav")
    write(folder / "_background_noise_/pink_noise.wav")
    write(folder / "validation_list.txt", lines("bed/1_nohash_0.wav"))
    write(folder / "testing_list.txt", lines("bed/2_nohash_0.wav", "cat/2_nohash_0.wav"))


def vc1(folder):
    entries = [f"{n} id1000{s}/video{n}/00001.wav" for s in (1, 2) for n in (1, 2, 3)]
    entries.append("1 id10001/video1/00002.wav")
    for entry in entries:
        write(folder / "wav" / entry[2:])
    write(folder / "iden_split.txt", lines(*entries))


def voxforge(folder, archives=20):
    for language in LANGUAGES:
        for archive in range(archives):
            for number in range(2):
                write(folder / language / f"user-{language}-{archive}" / "wav" / f"{number}.wav")


def cremad(folder):
    for speaker in (1001, 1009, 1002, 1003):
        for emotion in ("ANG", "SAD"):
            write(folder / "AudioWAV" / f"{speaker}_DFA_{emotion}_XX.wav")


def gtzan(folder):
    for genre in ("blues", "jazz"):
        for number in range(4):
            write(folder / genre / f"{genre}.{number:05}.wav")
    for number, split in enumerate(("train", "valid", "test")):
        names = (f"{genre}/{genre}.{number:05}.wav" for genre in ("blues", "jazz"))
        write(folder / f"{split}_filtered.txt", lines(*names))


def nsynth(folder):
    for split, families in (
        ("train", ("bass", "reed", "synth_lead")),
        ("valid", ("bass",)),
        ("test", ("reed",)),
    ):
        notes = {f"{family}_{split}_001-060-100": {"instrument_family_str": family} for family in families}
        for name in notes:
            write(folder / f"nsynth-{split}/audio/{name}.wav")
        write(folder / f"nsynth-{split}/examples.json", json.dumps(notes))


def surge(folder, presets=30):
    for preset in range(presets):
        for note in (21, 60, 108):
            write(folder / f"preset {preset}" / f"{note}.ogg")


# Of each copy: clips per split or fold, and classes.
EXPECTED = {
    esc50: (dict.fromkeys(range(1, 6), 2), ["dog", "rain"]),
    us8k: (dict.fromkeys(range(1, 11), 2), ["drill", "siren"]),
    fsd50k: ({"train": 2, "valid": 1, "test": 1}, ["Bark", "Dog", "Rain"]),
    spcv2: ({"train": 5, "valid": 1, "test": 2}, ["bed", "cat"]),
    vc1: ({"train": 3, "valid": 2, "test": 2}, ["id10001", "id10002"]),
    voxforge: ({"train": 168, "valid": 36, "test": 36}, list(LANGUAGES)),
    cremad: ({"train": 4, "valid": 2, "test": 2}, ["ANG", "SAD"]),
    gtzan: ({"train": 2, "valid": 2, "test": 2}, ["blues", "jazz"]),
    nsynth: ({"train": 3, "valid": 1, "test": 1}, ["bass", "reed", "synth_lead"]),
    surge: ({"train": 72, "valid": 9, "test": 9}, ["108", "21", "60"]),
}

# What may not be in two splits, of a path relative to the folder; the file itself where nothing else is.
GROUPS = {
    "voxforge": lambda path: path.rsplit("/", 2)[0],
    "cremad": lambda path: os.path.basename(path).split("_")[0],
    "surge": lambda path: path.split("/")[0],
    "vc1": lambda path: path.rsplit("/", 1)[0],
}
OWN_SPLIT = ("voxforge", "surge")


def load(folder, **kwargs):
    """The task of a fake copy, whose counts are small."""
    return load_task(folder.name, str(folder.parent), **{"check_counts": False, **kwargs})
