import math

import numpy as np
import pytest
import soundfile
import soxr

from byola_keras.audio.decode import AudioError, read_blocks, read_crop, read_span


def tone(sample_rate, seconds=2.5, channels=1):
    """Two sines and a little noise; channels differ."""
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    noise = np.random.default_rng(0).normal(0, 0.01, (len(t), channels))
    levels = 1.0 / np.arange(1, channels + 1)
    return (
        (0.3 * np.sin(2 * np.pi * 440 * t) + 0.2 * np.sin(2 * np.pi * 3000 * t))[:, None] * levels
    ) + noise


def expected_crop(path, length, position):
    """The same by decoding and resampling the whole file."""
    samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    whole = samples.mean(axis=1)
    if sample_rate != 16000:
        whole = soxr.resample(whole, sample_rate, 16000, "HQ")
    start = int(position * (max(len(whole) - length, 0) + 1))
    crop = whole[start : start + length]
    return np.pad(crop, (0, length - len(crop)))


@pytest.mark.parametrize("sample_rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("position", [0.0, 0.4, 0.999999])
def test_any_rate_equals_the_resampled_whole(tmp_path, sample_rate, position):
    path = str(tmp_path / "tone.wav")
    soundfile.write(path, tone(sample_rate), sample_rate, subtype="FLOAT")
    np.testing.assert_allclose(
        read_crop(path, 15200, position), expected_crop(path, 15200, position), atol=2e-6
    )


@pytest.mark.parametrize("sample_rate", [8000, 44100])
def test_span_of_a_file_equals_that_of_the_resampled_whole(tmp_path, sample_rate):
    path = str(tmp_path / "tone.wav")
    soundfile.write(path, tone(sample_rate), sample_rate, subtype="FLOAT")
    whole = expected_crop(path, 40_000, 0)
    # From 0.5 to 2 seconds; 0.95 seconds of it begin anywhere in the first 0.55.
    for position, start in ((0.0, 8000), (0.5, 8000 + 4400), (0.9999999, 8000 + 8800)):
        crop = read_crop(path, 15200, position, 16000, 0.5, 2.0)
        np.testing.assert_allclose(crop, whole[start : start + 15200], atol=2e-6)
    np.testing.assert_allclose(read_span(path, 0.5, 2.0), whole[8000:32_000], atol=2e-6)
    np.testing.assert_allclose(read_span(path, 1.5, None), whole[24_000:], atol=2e-6)
    short = np.pad(whole[8000:9600], (0, 13_600))
    np.testing.assert_allclose(read_crop(path, 15200, 0.7, 16000, 0.5, 0.6), short, atol=2e-6)
    # What lies behind the end is the end; a span behind it is none.
    np.testing.assert_allclose(read_span(path, 2.0, 9.0), whole[32_000:], atol=2e-6)
    for read in (lambda: read_span(path, 3.0, 4.0), lambda: read_crop(path, 15200, 0, 16000, 3.0)):
        with pytest.raises(AudioError, match="no samples from 3 seconds on"):
            read()


@pytest.mark.parametrize(
    ("sample_rate", "samples", "resampled"),
    # At 16 kHz 40,000.73 samples, 40,000.36, 40,000.5 and 40,000.33: rounded, halves up.
    [(44100, 110_252, 40_001), (44100, 110_251, 40_000), (32000, 80_001, 40_001), (48000, 120_001, 40_000)],
)
def test_last_crop_ends_with_the_resampled_whole(tmp_path, sample_rate, samples, resampled):
    path = str(tmp_path / "tone.wav")
    sound = tone(sample_rate, seconds=3)[:samples]
    soundfile.write(path, sound, sample_rate, subtype="FLOAT")
    assert len(np.concatenate(list(read_blocks(path)))) == resampled
    last = read_crop(path, 15200, 0.9999999)
    np.testing.assert_allclose(last, expected_crop(path, 15200, 0.9999999), atol=2e-6)
    assert np.abs(last[-1]) > 0


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("a.wav", "PCM_U8"),
        ("a.wav", "PCM_16"),
        ("a.wav", "PCM_24"),
        ("a.wav", "PCM_32"),
        ("a.wav", "DOUBLE"),
        ("a.wav", "ULAW"),
        ("a.flac", "PCM_16"),
        ("a.flac", "PCM_24"),
        ("a.ogg", "VORBIS"),
        ("a.mp3", "MPEG_LAYER_III"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_any_format_and_depth(tmp_path, name, subtype, channels):
    path = str(tmp_path / name)
    sound = tone(44100, channels=channels)
    soundfile.write(path, sound, 44100, subtype=subtype)
    for position in (0.0, 0.5, 0.999999):
        crop = read_crop(path, 15200, position)
        np.testing.assert_allclose(crop, expected_crop(path, 15200, position), atol=2e-6)
    # Levels are right whatever the depth: the first 0.95 s of the tone itself.
    clean = soxr.resample(sound.mean(axis=1).astype("float32"), 44100, 16000, "HQ")[:15200]
    tolerance = 0.02 if subtype in ("PCM_U8", "ULAW") else 0.01
    if name.endswith(("wav", "flac")):
        np.testing.assert_allclose(read_crop(path, 15200, 0.0), clean, atol=tolerance)
    else:
        assert np.corrcoef(read_crop(path, 15200, 0.0), clean)[0, 1] > 0.98


@pytest.mark.parametrize("name", ["long.ogg", "long.mp3"])
def test_seeking_in_a_long_compressed_file_is_exact(tmp_path, name):
    path = str(tmp_path / name)
    soundfile.write(path, tone(16000, seconds=75), 16000)
    for position in (0.1, 0.7, 0.9, 0.97, 0.999999):
        np.testing.assert_allclose(
            read_crop(path, 15200, position), expected_crop(path, 15200, position), atol=2e-6
        )


def test_short_file_is_padded_with_zeros(tmp_path):
    path = str(tmp_path / "short.wav")
    soundfile.write(path, np.full(100, 0.5), 16000, subtype="FLOAT")
    crop = read_crop(path, 15200, 0.7)
    assert crop.shape == (15200,) and crop.dtype == np.float32
    np.testing.assert_array_equal(crop[:100], 0.5)
    np.testing.assert_array_equal(crop[100:], 0.0)


@pytest.mark.parametrize(
    ("name", "rate"), [("a.wav", 16000), ("a.flac", 44100), ("a.ogg", 22050), ("a.mp3", 8000)]
)
@pytest.mark.parametrize("channels", [1, 2])
def test_whole_file_in_blocks_is_the_whole_file(tmp_path, name, rate, channels):
    path = str(tmp_path / name)
    soundfile.write(path, tone(rate, seconds=9, channels=channels), rate)
    blocks = list(read_blocks(path))
    whole = np.concatenate(blocks)
    assert len(blocks) > 1 or (rate, channels) == (8000, 1)
    assert len(whole) == len(expected_crop(path, len(whole), 0.0))
    np.testing.assert_allclose(whole, expected_crop(path, len(whole), 0.0), atol=2e-6)


def test_blocks_before_the_damage_are_given(tmp_path):
    path = tmp_path / "cut.flac"
    soundfile.write(path, tone(16000, seconds=40), 16000)
    path.write_bytes(path.read_bytes()[:-5000])
    taken = []
    with pytest.raises(AudioError, match="lost sync"):
        for block in read_blocks(str(path)):
            taken.append(block)
    assert 16000 * 20 < sum(map(len, taken)) < 16000 * 40


def test_content_counts_and_not_the_name(tmp_path):
    path = str(tmp_path / "really_a_flac.wav")
    soundfile.write(path, tone(16000), 16000, format="FLAC")
    assert np.abs(read_crop(path, 15200, 0.0)).max() > 0.3


def wav_bytes(tmp_path, samples=4000):
    path = tmp_path / "whole.wav"
    soundfile.write(path, np.zeros(samples) + 0.1, 16000, subtype="PCM_16")
    return bytearray(path.read_bytes())


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: b"", "the file has 0 bytes"),
        (lambda content: b"no sound at all", "Format not recognised"),
        (lambda content: content[:20], "Malformed 'fmt ' chunk|Error in WAV"),
        (lambda content: content[:44], "holds no samples"),
        (lambda content: content[:24] + b"\xff\xff\xff\x7f" + content[28:], "sample rate of 2147483647"),
        (lambda content: content[:24] + b"\x01\x00\x00\x00" + content[28:], "sample rate of 1 Hz"),
        (lambda content: content[:22] + b"\xff\x03" + content[24:], "channels|Error in WAV"),
    ],
)
def test_damaged_file_has_one_clear_reason(tmp_path, damage, reason):
    path = tmp_path / "damaged.wav"
    path.write_bytes(bytes(damage(wav_bytes(tmp_path))))
    with pytest.raises(AudioError, match=reason) as caught:
        read_crop(str(path), 15200, 0.5)
    assert "\n" not in str(caught.value) and str(path) not in str(caught.value)


def test_header_that_claims_four_gigabytes_reads_what_is_there(tmp_path):
    content = wav_bytes(tmp_path)
    content[40:44] = b"\xf0\xff\xff\xff"
    path = tmp_path / "huge.wav"
    path.write_bytes(bytes(content))
    np.testing.assert_allclose(read_crop(str(path), 4000, 0.0), 0.1, atol=1e-4)


def test_flac_that_ends_early_or_claims_another_length(tmp_path):
    path = tmp_path / "whole.flac"
    soundfile.write(path, tone(16000), 16000)
    content = bytearray(path.read_bytes())
    path.write_bytes(bytes(content[: len(content) // 2]))
    with pytest.raises(AudioError, match="lost sync|ends before"):
        read_crop(str(path), 15200, 0.999)
    # STREAMINFO with 2 ** 36 - 1 samples, and with 0, which stands for unknown: what is there is read.
    claims = (
        (content[21] | 0x0F, b"\xff\xff\xff\xff", 0.0),
        (content[21] & 0xF0, b"\x00\x00\x00\x00", 0.5),
    )
    for high, low, position in claims:
        content[21], content[22:26] = high, low
        path.write_bytes(bytes(content))
        crop = read_crop(str(path), 60_000, position)
        np.testing.assert_allclose(crop[:40_000], tone(16000)[:, 0], atol=1e-4)
        assert not crop[40_000:].any()
        np.testing.assert_array_equal(np.concatenate(list(read_blocks(str(path)))), crop[:40_000])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite(tmp_path, value):
    sound = tone(22050)[:, 0]
    sound[5000] = value
    path = str(tmp_path / "nan.wav")
    soundfile.write(path, sound, 22050, subtype="FLOAT")
    with pytest.raises(AudioError, match="not finite"):
        read_crop(path, 60000, 0.0)


def test_not_a_file(tmp_path):
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(AudioError, match="it is not a file"):
        read_crop(str(tmp_path / "folder.wav"), 100, 0.0)
    with pytest.raises(AudioError, match="it is not there"):
        read_crop(str(tmp_path / "gone.wav"), 100, 0.0)
