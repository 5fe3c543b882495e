import numpy as np
import pytest
import tensorflow as tf

from byola_keras.models.projection_head import ProjectionHead
from tests.factories import tiny_byol


def test_each_hidden_layer_is_dense_batch_normalisation_and_relu():
    head = ProjectionHead((6, 3), hidden_layers=2)
    head.build((None, 4))
    assert len(head.trainable_weights) == 2 * 4 + 2
    draws = np.random.default_rng(0)
    for weight in head.trainable_weights:
        weight.assign(draws.normal(0, 1, weight.shape))
    views = [draws.normal(0, scale, (8, 4)).astype("float32") for scale in (1, 3)]
    outputs = head.of_views(list(map(tf.constant, views)), training=True)
    dense = [head.hidden, *head.further_hidden]
    norms = [head.normalization, *head.further_normalizations]
    for view, output in zip(views, outputs, strict=True):
        x = view
        for layer, norm in zip(dense, norms, strict=True):
            x = x @ layer.kernel.numpy() + layer.bias.numpy()
            x = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) * norm.gamma.numpy() + norm.beta.numpy()
            x = np.maximum(x, 0)
        expected = x @ head.output_layer.kernel.numpy() + head.output_layer.bias.numpy()
        np.testing.assert_allclose(output, expected, rtol=1e-3, atol=1e-3)
    assert ProjectionHead.from_config(head.get_config()).hidden_layers == 2


def test_projector_and_predictor_have_their_own_numbers_of_layers():
    model = tiny_byol(projection_hidden_layers=(3, 2))
    heads = (model.projector, model.target_projector, model.predictor)
    assert [len(head.weights) for head in heads] == [3 * 6 + 2, 3 * 6 + 2, 2 * 6 + 2]
    # The target follows all layers of the projector.
    followed = {id(online) for online, _ in model._moving_average.pairs}
    assert {id(weight) for weight in model.projector.trainable_weights} <= followed
    copy = type(model).from_config(model.get_config())
    assert (copy.projector.hidden_layers, copy.predictor.hidden_layers) == (3, 2)


def test_a_head_without_a_hidden_layer():
    with pytest.raises(ValueError, match="Received: hidden_layers=0"):
        ProjectionHead((6, 3), hidden_layers=0)
