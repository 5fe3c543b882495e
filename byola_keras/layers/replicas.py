"""What a layer needs to know of `tf.distribute`: which replica it is, and sums and joins over all of them.

Outside a replica context (no strategy, or while a model is being built in `strategy.scope()`) there
is one replica, number 0.
"""

import tensorflow as tf


def _context():
    return tf.distribute.get_replica_context()


def replica_count() -> int:
    """Number of replicas that run the current step together."""
    context = _context()
    return 1 if context is None else context.num_replicas_in_sync


def replica_id() -> tf.Tensor:
    """Number of this replica, an int64 scalar in [0, replica_count())."""
    context = _context()
    return tf.cast(0 if context is None else context.replica_id_in_sync_group, tf.int64)


def sum_over_replicas(tensor: tf.Tensor) -> tf.Tensor:
    """Sum of `tensor` over all replicas, of the same shape; differentiable."""
    if replica_count() == 1:
        return tensor
    return _context().all_reduce(tf.distribute.ReduceOp.SUM, tensor)


def join_replicas(tensor: tf.Tensor) -> tf.Tensor:
    """The batches of all replicas joined in their order: [B, ...] to [replicas * B, ...]; differentiable."""
    if replica_count() == 1:
        return tensor
    return _context().all_gather(tensor, axis=0)


def moments_over_replicas(values: tf.Tensor, axes: list[int]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Statistics of `values` over `axes` and over all replicas; differentiable.

    The replicas exchange their own counts, means and sums of squared deviations, and each puts them together:
    one exchange, where a sum for the count, one for the mean and one for the variance would be three. The
    squares of large numbers are never subtracted from each other, as they would be in one exchange of sums.

    Args:
        values: floats with a static number of dimensions.
        axes: those that the statistics are taken over.

    Returns:
        Number of values (a scalar of the type of `values`), mean and biased variance, both of the shape of
        the axes that are left.

    Reference:
        Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances,
        1979.
    """
    mean = tf.reduce_mean(values, axes, keepdims=True)
    deviations = tf.reduce_sum(tf.math.squared_difference(values, mean), axes)
    mean = tf.reshape(mean, tf.shape(deviations))
    count = tf.cast(tf.size(values) // tf.size(mean), values.dtype)
    if replica_count() == 1:
        return count, mean, deviations / count
    counts, means, deviations = tf.split(
        join_replicas(tf.stack([tf.broadcast_to(count, tf.shape(mean)), mean, deviations])[None]), 3, axis=1
    )
    total = tf.reduce_sum(counts, axis=[0, 1])
    mean = tf.reduce_sum(counts * means, axis=[0, 1]) / total
    deviations += counts * tf.math.squared_difference(means, mean)
    return tf.reduce_max(total), mean, tf.reduce_sum(deviations, axis=[0, 1]) / total
