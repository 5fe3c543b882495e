"""Sound on which exports are compared."""

import pytest

from byola_keras.export.verification_sounds import generated_clips, read_clips


def test_clips(sounds_folder):
    lengths = {clip.shape for clip in generated_clips(16000).values()}
    assert {(1, 1), (1, 300), (1, 16000), (4, 16000), (1, 52800)} == lengths
    clips = read_clips([f"{sounds_folder}/0*", f"{sounds_folder}/long.wav"], 16000)
    assert len(clips) == 25 and clips[f"{sounds_folder}/long.wav"].shape == (1, 160_000)
    assert len(read_clips([f"{sounds_folder}/0*"] * 2, 8000)) == 24
    for name, reason in (("broken", "."), ("none", "it holds no samples")):
        with pytest.raises(ValueError, match=rf"Received: '.*{name}.wav': {reason}"):
            read_clips([f"{sounds_folder}/{name}.wav"], 16000)
