"""Blocks as text: read as data, made into layers, brought into one form."""

import keras
import pytest

import byola_keras
from byola_keras.training import blocks
from byola_keras.training.build_model import make_augmentation, make_encoder
from byola_keras.training.recipe import Recipe


class Louder(byola_keras.RandomLayer):
    """A block of a user."""

    def __init__(self, by=0.5, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.by = by

    def augment(self, x, seed):
        return x + self.by


def test_split_blocks():
    text = " LogMixupExp(max_ratio=0.4, memory_size=8)  RandomResizeCrop\tkeras:Layer(a = 0.1) "
    assert blocks.split_blocks(text) == (
        "LogMixupExp(max_ratio=0.4, memory_size=8)",
        "RandomResizeCrop",
        "keras:Layer(a = 0.1)",
    )
    assert blocks.split_blocks("") == ()


def test_parse():
    assert blocks.parse("Encoder") == ("Encoder", {})
    assert blocks.parse("a.b:C(x=-1.5, y=(1, 2), z='w')") == ("a.b:C", {"x": -1.5, "y": (1, 2), "z": "w"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Encoder(",
        "Encoder)",
        "Encoder(2)",
        "Encoder(channels=print(1))",
        "Encoder(channels=x)",
        "Encoder(channels=2)(3)",
        "Encoder(channels=2).build",
        "Encoder(**{'channels': 2})",
        "__import__('os')",
        "a-b",
        "Encoder channels=2",
    ],
)
def test_texts_that_are_no_block(text):
    with pytest.raises(ValueError, match="A block must be a class.*Received: ") as caught:
        blocks.parse(text)
    assert repr(text) in str(caught.value)


def test_seed_and_synchronisation_come_from_the_recipe():
    recipe = Recipe(
        augmentation=(
            "RandomResizeCrop(time_scale=(0.5, 1.0))",
            "RandomLinearFader(seed=3)",
            "BatchStandardization",
        ),
        encoder="Encoder(conv_blocks=3)",
        seed=11,
        sync_batch_norm=False,
    )
    crop, fader, _ = make_augmentation(recipe).layers
    assert crop.seed == 11 and crop.time_scale == (0.5, 1.0) and fader.seed == 3
    encoder = make_encoder(recipe)
    assert encoder.stride == 8
    config = encoder.get_config()
    assert config["seed"] == 11 and config["synchronized"] is False


def test_block_of_a_user_and_of_keras():
    recipe = Recipe(
        augmentation=(f"{__name__}:Louder(by=2.0)", "keras.layers:GaussianNoise(stddev=0.5)"), seed=4
    )
    louder, noise = make_augmentation(recipe).layers
    assert isinstance(louder, Louder) and (louder.by, louder.seed) == (2.0, 4)
    assert isinstance(noise, keras.layers.GaussianNoise) and noise.stddev == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RandomCrop", "must be one of .*RandomResizeCrop.*package.module:Class. Received: RandomCrop"),
        ("keras.layers:NoSuch", "must be one of .*Received: keras.layers:NoSuch"),
        ("no_such_module_here:Block", "importable. Received: no_such_module_here:Block: No module"),
        ("log_mixup_exp", "must be one of"),
        (
            "GaussianMixup(max_ration=0.1)",
            "parameters of GaussianMixup are max_ratio, .*Received: max_ration in",
        ),
        ("GaussianMixup(max_ratio=2.0)", "must suit its class. Received: .*`max_ratio` must lie in"),
        ("keras.layers:GaussianNoise", "must suit its class. Received: keras.layers:GaussianNoise: .*stddev"),
    ],
)
def test_blocks_that_cannot_be_made(text, message):
    with pytest.raises(ValueError, match=message):
        make_augmentation(Recipe(augmentation=(text,)))


@pytest.mark.parametrize(
    "text",
    [
        "Encoder",
        "ResNetEncoder",
        "byola_keras:Encoder",
        "LogMelSpectrogram",
        "TemporalPooling",
        "RandomLayer",
        "Augmentation",
    ],
)
def test_what_is_no_block_is_neither_taken_nor_listed(text):
    with pytest.raises(ValueError, match="A block must be one of .*Received: ") as caught:
        make_augmentation(Recipe(augmentation=(text,)))
    listed = str(caught.value).partition("must be one of ")[2].partition(", or a Keras Layer")[0]
    assert set(listed.split(", ")) == {
        "BatchStandardization",
        "GaussianMixup",
        "LogMixupExp",
        "RandomLinearFader",
        "RandomResizeCrop",
    }


def test_an_augmentation_must_have_a_block():
    with pytest.raises(ValueError, match=r"`augmentation` must have a block.*Received: augmentation=\(\)"):
        make_augmentation(Recipe(augmentation=()))


def test_encoder_with_a_typo():
    with pytest.raises(ValueError, match="An encoder must be one of Encoder, ResNetEncoder, or .*: Encodr"):
        make_encoder(Recipe(encoder="Encodr"))


def test_encoder_must_keep_the_contract():
    with pytest.raises(
        ValueError, match="must be one of Encoder, .*or a Keras Model of your own.*RandomResizeCrop"
    ):
        make_encoder(Recipe(encoder="RandomResizeCrop"))
    with pytest.raises(ValueError, match="An encoder must have stride.*Received: Sequential without"):
        make_encoder(Recipe(encoder="keras:Sequential"))


def test_complete_form_is_one_for_all_texts_of_one_meaning():
    short = blocks.complete("GaussianMixup")
    assert short == blocks.complete("GaussianMixup(stddev=0.4, max_ratio=0.2)") == blocks.complete(short)
    assert short == "GaussianMixup(max_ratio=0.2, stddev=0.4)"
    assert blocks.complete("GaussianMixup(seed=3)") == "GaussianMixup(max_ratio=0.2, stddev=0.4, seed=3)"
    lists = blocks.complete("RandomResizeCrop(freq_scale=[0.6, 1.5])")
    assert lists == blocks.complete("RandomResizeCrop")


def test_with_parameter():
    text = blocks.with_parameter("Encoder(conv_blocks=3)", "channels", 8)
    assert blocks.parse(text) == ("Encoder", {"conv_blocks": 3, "channels": 8})
    assert blocks.with_parameter(text, "channels", 8) == text
    assert (
        blocks.parse(blocks.with_parameter("Encoder(mlp_units=[2, 3])", "mlp_units", (2, 3))).name
        == "Encoder"
    )
    with pytest.raises(
        ValueError, match=r"`channels` must be said once. Received: channels=9 and Encoder\(conv"
    ):
        blocks.with_parameter(text, "channels", 9)
