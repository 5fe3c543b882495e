"""A Keras model with a loss of its own, whose step XLA compiles on any number of replicas."""

import keras

from byola_keras.models.replica_step import make_train_function


class OwnLossModel(keras.Model):
    """Base of models that learn without labels, by a `train_step` and a `compute_loss` of their own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.jit_step = False

    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
    ):
        """As `keras.Model.compile`, without what a model with a loss of its own has no use for.

        Args:
            optimizer: Keras optimizer or its name; `byola_keras.Adam(1e-4)` is the paper's.
            loss: None; overwrite `compute_loss` for another one.
            loss_weights: None, as `metrics` and `weighted_metrics`.
            metrics: None.
            weighted_metrics: None.
            run_eagerly: see Keras, as for `steps_per_execution` and `auto_scale_loss`.
            steps_per_execution: see Keras.
            jit_compile: True compiles the training step by XLA, see `replica_step`; "auto" and False do not.
                Keras itself compiles around the distribution strategy, which fails with several replicas.
            auto_scale_loss: see Keras.

        Raises:
            ValueError: a loss or metrics are given.
        """
        given = {"loss": loss, "loss_weights": loss_weights, "metrics": metrics}
        for name, value in {**given, "weighted_metrics": weighted_metrics}.items():
            if value is not None:
                raise ValueError(
                    f"`{name}` must be None: BYOL has a loss of its own and no labels. Received: "
                    f"{name}={value!r}; overwrite `compute_loss` for another loss."
                )
        self.jit_step = jit_compile is True
        several = self.distribute_strategy.num_replicas_in_sync > 1
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=self.jit_step and not several,
            auto_scale_loss=auto_scale_loss,
        )

    def make_train_function(self, force=False):
        """As Keras's, but XLA compiles the step of several replicas, too."""
        if not self.jit_step or self.jit_compile:
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = make_train_function(self)

    def get_compile_config(self):
        config = super().get_compile_config()
        return config and {**config, "jit_compile": self.jit_step}

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)
