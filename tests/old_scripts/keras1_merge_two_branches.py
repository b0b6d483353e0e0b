"""Keras 1.2: two branches of one image, brought together by Merge, trained from a generator."""
import numpy as np

from keras.datasets import mnist
from keras.layers import Merge
from keras.layers.core import Activation, Dense, Dropout
from keras.models import Sequential
from keras.optimizers import SGD
from keras.regularizers import l2
from keras.utils.np_utils import to_categorical

(X_train, y_train), (X_test, y_test) = mnist.load_data()
X_train = X_train[:1000].reshape(1000, 784).astype('float32') / 255
X_test = X_test[:300].reshape(300, 784).astype('float32') / 255
Y_train, Y_test = to_categorical(y_train[:1000], 10), to_categorical(y_test[:300], 10)

left = Sequential()
left.add(Dense(32, init='uniform', activation='relu', input_dim=392, W_regularizer=l2(0.0001)))
right = Sequential()
right.add(Dense(32, init='uniform', activation='relu', input_dim=392, bias=True))

model = Sequential()
model.add(Merge([left, right], mode='concat', concat_axis=1))
model.add(Dropout(0.1))
model.add(Dense(10))
model.add(Activation('softmax'))
sgd = SGD(lr=0.2, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss='categorical_crossentropy', optimizer=sgd, metrics=['accuracy'])


def generate(batch_size=50):
    while True:
        for i in range(0, len(X_train), batch_size):
            x = X_train[i:i + batch_size]
            yield [x[:, :392], x[:, 392:]], Y_train[i:i + batch_size]


history = model.fit_generator(generate(), samples_per_epoch=1000, nb_epoch=4, verbose=0,
                              validation_data=([X_test[:, :392], X_test[:, 392:]], Y_test))
assert sorted(history.history) == ['accuracy', 'loss', 'val_accuracy', 'val_loss']
loss, acc = model.evaluate([X_test[:, :392], X_test[:, 392:]], Y_test, verbose=0)
print('accuracy', acc)
assert acc > 0.6
