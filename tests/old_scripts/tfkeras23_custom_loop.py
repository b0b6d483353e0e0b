"""tf.keras 2.3: a model class with its own layer and loss, trained in a loop with GradientTape."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import backend as K
from tensorflow.keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train[:1280].reshape(-1, 784).astype('float32') / 255
x_test = x_test[:300].reshape(-1, 784).astype('float32') / 255
y_train, y_test = y_train[:1280], y_test[:300]


class Scaled(layers.Layer):
    def __init__(self, units, **kwargs):
        super(Scaled, self).__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(name='w', shape=(int(input_shape[-1]), self.units),
                                 initializer='glorot_uniform', trainable=True)
        self.b = self.add_weight(name='b', shape=(self.units,), initializer='zeros')
        super(Scaled, self).build(input_shape)

    def call(self, inputs):
        self.add_loss(1e-4 * tf.reduce_sum(tf.square(self.w)))
        return tf.matmul(inputs, self.w) + self.b

    def get_config(self):
        return {**super().get_config(), 'units': self.units}


class Classifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = Scaled(32)
        self.drop = layers.Dropout(0.1)
        self.out = layers.Dense(10)

    def call(self, x, training=False):
        x = tf.nn.relu(self.hidden(x))
        return self.out(self.drop(x, training=training))


model = Classifier()
optimizer = keras.optimizers.Adam(1e-2)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
train_acc = keras.metrics.SparseCategoricalAccuracy()


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss_value = loss_fn(y, logits) + tf.add_n(model.losses) if hasattr(tf, 'add_n') else loss_fn(y, logits) + sum(model.losses)
    grads = tape.gradient(loss_value, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
    train_acc.update_state(y, logits)
    return loss_value


losses = []
for epoch in range(3):
    for start in range(0, len(x_train), 64):
        losses.append(float(train_step(x_train[start:start + 64], y_train[start:start + 64])))
    print('epoch', epoch, 'accuracy', float(train_acc.result()))
    train_acc.reset_state()
assert np.mean(losses[-10:]) < np.mean(losses[:10]) / 2
test_accuracy = K.mean(K.cast(K.equal(K.argmax(model(x_test)), y_test), 'float32'))
print('test accuracy', float(test_accuracy))
assert float(test_accuracy) > 0.7
