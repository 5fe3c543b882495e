"""The public names of the package; importing them registers its classes with Keras."""

from byola_keras.embedding.embed_file import embed_file
from byola_keras.embedding.streaming_embedder import StreamingEmbedder
from byola_keras.layers.augmentation import Augmentation
from byola_keras.layers.batch_standardization import BatchStandardization
from byola_keras.layers.gaussian_mixup import GaussianMixup
from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.layers.log_mixup_exp import LogMixupExp, log_mixup_exp
from byola_keras.layers.random_layer import RandomLayer
from byola_keras.layers.random_linear_fader import RandomLinearFader
from byola_keras.layers.random_resize_crop import RandomResizeCrop
from byola_keras.layers.temporal_pooling import TemporalPooling
from byola_keras.models.adam import Adam
from byola_keras.models.byol import BYOL
from byola_keras.models.classifier import Classifier
from byola_keras.models.embedder import Embedder
from byola_keras.models.encoder import Encoder
from byola_keras.models.load import load, load_classifier
from byola_keras.models.resnet_encoder import ResNetEncoder
from byola_keras.models.warmup_cosine import WarmupCosine
from byola_keras.torch_files.weights import load_torch_weights

__all__ = [
    "BYOL",
    "Adam",
    "Augmentation",
    "BatchStandardization",
    "Classifier",
    "Embedder",
    "Encoder",
    "GaussianMixup",
    "LogMelSpectrogram",
    "LogMixupExp",
    "RandomLayer",
    "RandomLinearFader",
    "RandomResizeCrop",
    "ResNetEncoder",
    "StreamingEmbedder",
    "TemporalPooling",
    "WarmupCosine",
    "embed_file",
    "load",
    "load_classifier",
    "load_torch_weights",
    "log_mixup_exp",
]
