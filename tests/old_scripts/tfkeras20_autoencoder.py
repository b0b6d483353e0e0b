"""tf.keras 2.0: a convolutional autoencoder, saved and loaded, with a learning-rate schedule."""
import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow.keras import Model, layers
from tensorflow.keras.datasets import mnist

tf.random.set_seed(0)
if tf.config.list_physical_devices('GPU'):
    for gpu in tf.config.experimental.list_physical_devices('GPU'):
        tf.config.experimental.set_memory_growth(gpu, True)

(x_train, _), (x_test, _) = mnist.load_data()
x_train = np.expand_dims(x_train[:600].astype('float32') / 255., -1)
x_test = np.expand_dims(x_test[:100].astype('float32') / 255., -1)

inputs = layers.Input(shape=(28, 28, 1))
x = layers.Conv2D(8, (3, 3), activation='relu', padding='same')(inputs)
x = layers.MaxPooling2D((2, 2), padding='same')(x)
x = layers.Conv2D(8, (3, 3), activation='relu', padding='same')(x)
encoded = layers.MaxPooling2D((2, 2), padding='same')(x)
x = layers.Conv2DTranspose(8, (3, 3), strides=2, activation='relu', padding='same')(encoded)
x = layers.UpSampling2D((2, 2))(x)
decoded = layers.Conv2D(1, (3, 3), activation='sigmoid', padding='same')(x)
autoencoder = Model(inputs, decoded)
schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=50, decay_rate=0.9)
autoencoder.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=schedule), loss='binary_crossentropy')
history = autoencoder.fit(x_train, x_train, epochs=3, batch_size=50, shuffle=True, verbose=0,
                          validation_data=(x_test, x_test))
assert history.history['val_loss'][-1] < 0.35

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'autoencoder.h5')
    autoencoder.save(path)
    again = tf.keras.models.load_model(path)
np.testing.assert_allclose(again.predict(x_test, verbose=0), autoencoder.predict(x_test, verbose=0), rtol=1e-5)
print('val_loss', history.history['val_loss'][-1])
