"""Digits changed at random, then pictures in folders, in the idiom of Keras 2.2: fit_generator and its kin."""

import os
import tempfile

import numpy as np

import keras
from keras.datasets import mnist
from keras.layers import Activation, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.preprocessing.image import ImageDataGenerator, array_to_img, img_to_array, load_img
from keras.utils import np_utils

batch_size = 32
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train[:640].reshape(-1, 28, 28, 1).astype("float32")
x_test = x_test[:100].reshape(-1, 28, 28, 1).astype("float32")
y_train = np_utils.to_categorical(y_train[:640], 10)
y_test = np_utils.to_categorical(y_test[:100], 10)

model = Sequential()
model.add(Conv2D(8, (3, 3), padding="same", input_shape=x_train.shape[1:]))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.1))
model.add(Flatten())
model.add(Dense(10))
model.add(Activation("softmax"))
model.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(lr=0.005), metrics=["accuracy"]
)

datagen = ImageDataGenerator(
    featurewise_center=True,
    featurewise_std_normalization=True,
    rotation_range=10,
    width_shift_range=0.1,
    height_shift_range=0.1,
    zoom_range=0.1,
    fill_mode="constant",
)
datagen.fit(x_train)
history = model.fit_generator(
    datagen.flow(x_train, y_train, batch_size=batch_size),
    steps_per_epoch=x_train.shape[0] / batch_size,
    epochs=4,
    validation_data=(datagen.standardize(x_test), y_test),
    workers=4,
    verbose=2,
)
assert history.history["loss"][-1] < 0.8 * history.history["loss"][0]
assert history.history["val_loss"][-1] < 0.9

batches = 0
for x_batch, y_batch in datagen.flow(x_train, y_train, batch_size=100):  # which never ends
    assert len(x_batch) == len(y_batch)
    model.train_on_batch(x_batch, y_batch)
    batches += 1
    if batches >= len(x_train) / 100:
        break

# reddish and bluish pictures in two folders
root = tempfile.mkdtemp()
random = np.random.RandomState(0)
for part, count in (("train", 12), ("validation", 4)):
    for name, channel in (("blue", 2), ("red", 0)):
        folder = os.path.join(root, part, name)
        os.makedirs(folder)
        for i in range(count):
            picture = random.uniform(0, 100, (20, 24, 3))
            picture[..., channel] += 120
            array_to_img(picture, scale=False).save(os.path.join(folder, "%d.png" % i))

train_datagen = ImageDataGenerator(rescale=1.0 / 255, shear_range=0.2, zoom_range=0.2, horizontal_flip=True)
test_datagen = ImageDataGenerator(rescale=1.0 / 255)
train_generator = train_datagen.flow_from_directory(
    os.path.join(root, "train"), target_size=(16, 16), batch_size=6, class_mode="binary"
)
validation_generator = test_datagen.flow_from_directory(
    os.path.join(root, "validation"), target_size=(16, 16), batch_size=4, class_mode="binary", shuffle=False
)
assert train_generator.class_indices == {"blue": 0, "red": 1}

model = Sequential()
model.add(Conv2D(4, (3, 3), activation="relu", input_shape=(16, 16, 3)))
model.add(MaxPooling2D((2, 2)))
model.add(Flatten())
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(lr=0.02), metrics=["accuracy"])
model.fit_generator(
    train_generator,
    steps_per_epoch=10,  # more than there are, with other changes each time
    epochs=3,
    validation_data=validation_generator,
    validation_steps=8 // 4,
    verbose=2,
)
loss, accuracy = model.evaluate_generator(validation_generator, steps=2)
assert accuracy > 0.9
predicted = model.predict_generator(validation_generator, steps=2)
assert ((predicted[:, 0] > 0.5) == validation_generator.classes).mean() > 0.9

picture = img_to_array(load_img(os.path.join(root, "train", "red", "0.png"), target_size=(16, 16)))
saved = os.path.join(root, "preview")
os.makedirs(saved)
made = 0
for batch in train_datagen.flow(
    picture.reshape((1,) + picture.shape), batch_size=1, save_to_dir=saved, save_prefix="red"
):
    made += 1
    if made > 3:
        break
assert all(name.startswith("red_0_") for name in os.listdir(saved))
