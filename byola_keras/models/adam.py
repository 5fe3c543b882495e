"""Adam in PyTorch's form, by TensorFlow's fused kernel."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="byola_keras")
class Adam(keras.optimizers.Adam):
    """Adam as PyTorch computes it.

    `keras.optimizers.Adam` adds epsilon to sqrt(v) before its bias correction; PyTorch after it: at
    the first step an epsilon of 1e-8 there acts like 3.2e-7 here. And Keras's default is 1e-7. The
    update runs in one pass over each weight (`ResourceApplyAdam`).

    Args:
        learning_rate: Float or schedule.
        beta_1: Float, decay of the mean of the gradients.
        beta_2: Float, decay of the mean of their squares.
        epsilon: Float, added to the bias-corrected root mean square.
        amsgrad: False; the fused kernel knows no other.
        **kwargs: those of every Keras optimizer, such as `weight_decay` and `clipnorm`.

    Raises:
        ValueError: `amsgrad` is asked for.

    Reference:
        Kingma and Ba, https://arxiv.org/abs/1412.6980, Algorithm 1. The paper trains with Adam at 1e-4
        (https://arxiv.org/abs/2204.07402, Section IV-B1).
    """

    def __init__(
        self,
        learning_rate=1e-4,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        amsgrad=False,
        name="adam",
        **kwargs,
    ):
        if amsgrad:
            raise ValueError(
                "`byola_keras.Adam` has no AMSGrad. Received: amsgrad=True; take keras.optimizers.Adam."
            )
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)

    def update_step(self, gradient, variable, learning_rate):
        # Keras has no public way to an optimizer's slots: these three names are its own, and
        # tests/models/adam_test.py notices when they change.
        index = self._get_variable_index(variable)
        apply_adam(
            variable,
            self._momentums[index],
            self._velocities[index],
            gradient,
            self.iterations.value + 1,
            learning_rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
        )


def apply_adam(variable, mean, square, gradient, step, learning_rate, beta_1, beta_2, epsilon) -> None:
    """One update of a variable, in one pass over it.

    Args:
        variable: Keras or TensorFlow variable.
        mean: variable, the mean of the gradients.
        square: variable, the mean of their squares.
        gradient: tensor.
        step: number of this update, from 1 on.
        learning_rate: scalar.
        beta_1: decay of `mean`.
        beta_2: decay of `square`.
        epsilon: added to the bias-corrected root mean square.
    """
    dtype = variable.dtype
    step, beta_1, beta_2 = (tf.cast(value, dtype) for value in (step, beta_1, beta_2))
    beta_2_power = tf.pow(beta_2, step)
    tf.raw_ops.ResourceApplyAdam(
        var=_handle(variable),
        m=_handle(mean),
        v=_handle(square),
        beta1_power=tf.pow(beta_1, step),
        beta2_power=beta_2_power,
        lr=tf.cast(learning_rate, dtype),
        beta1=beta_1,
        beta2=beta_2,
        # The kernel divides by sqrt(v) + epsilon and corrects the bias outside: scaling epsilon
        # by the same factor puts it where PyTorch has it.
        epsilon=epsilon * tf.sqrt(1.0 - beta_2_power),
        grad=tf.cast(gradient, dtype),
    )


def _handle(variable):
    """The resource of a Keras or TensorFlow variable on the device of the current replica."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
