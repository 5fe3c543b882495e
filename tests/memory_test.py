import weakref

import tensorflow as tf

from tests.memory import give_memory_back


def test_graph_with_a_sum_over_replicas_is_forgotten():
    function = tf.function(lambda x: tf.distribute.get_replica_context().all_reduce("SUM", x))
    graph = weakref.ref(function.get_concrete_function(tf.TensorSpec([1])).graph)
    assert graph() is not None
    del function
    give_memory_back()
    assert graph() is None
