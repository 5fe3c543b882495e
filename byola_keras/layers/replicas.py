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
    """The batches of all replicas joined in replica order: [B, ...] to [replicas * B, ...]."""
    if replica_count() == 1:
        return tensor
    return _context().all_gather(tensor, axis=0)
