"""One training step on all replicas, compiled by XLA where that is asked for.

A function that XLA compiles as a whole cannot hold the exchange between replicas that synchronised batch
statistics and the sum of the gradients need, not on CPUs at any rate. Tried on 2 and 4 logical CPU devices
were:

* marking all operations of the step for XLA (taken): TensorFlow compiles every stretch between two exchanges
  by itself and leaves out exactly the exchanges. This needs no setting of the process, works for encoders and
  blocks that nobody here has seen, and what XLA does not know runs as without it.
* `tf.config.optimizer.set_jit`: the same stretches, but in all functions of the process, evaluation and
  export among them, and on CPUs only by an environment variable that is read before TensorFlow starts.
* cutting the network at its batch norms into compiled functions: each encoder would have to be written in
  pieces.

One replica exchanges nothing: its whole step is one compiled function.
"""

import tensorflow as tf


def run_on_replicas(strategy: tf.distribute.Strategy, step, data, jit_compile: bool):
    """Runs `step(data)` on all replicas; to be called inside a `tf.function`.

    Args:
        strategy: what distributes.
        step: function of the data of a replica.
        data: what an iterator of the strategy gives.
        jit_compile: whether XLA compiles the step. With one replica an operation that XLA does not know is an
            error; with several it is left to TensorFlow, as is the exchange between them.

    Returns:
        What `step` returns, of each replica.
    """
    if not jit_compile:
        return strategy.run(step, args=(data,))
    if strategy.num_replicas_in_sync == 1:
        return strategy.run(tf.function(step, jit_compile=True, autograph=False), args=(data,))
    # Around all replicas, not inside their step: their threads take turns in one graph and share its marks.
    with tf.xla.experimental.jit_scope():
        return strategy.run(step, args=(data,))


def make_train_function(model):
    """What `keras.Model.fit` calls with an iterator; as Keras's own, but compiled for several replicas."""
    strategy = model.distribute_strategy

    @tf.function(autograph=False, reduce_retracing=True)
    def one_step(iterator):
        of_replicas = run_on_replicas(strategy, model.train_step, next(iterator), jit_compile=True)
        return {name: strategy.reduce("MEAN", value, axis=None) for name, value in of_replicas.items()}

    def train_function(iterator):
        for _ in range(model.steps_per_execution):
            logs = one_step(iterator)
        return logs

    return train_function
