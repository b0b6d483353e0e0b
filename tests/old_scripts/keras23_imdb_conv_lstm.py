"""Keras 2.3: reviews as sequences, a convolution and an LSTM, callbacks, stacked layers."""
from __future__ import print_function

import numpy as np

from keras.callbacks import EarlyStopping, LearningRateScheduler
from keras.datasets import imdb
from keras.layers import LSTM, Activation, Conv1D, Dense, Dropout, Embedding, MaxPooling1D
from keras.models import Sequential
from keras.optimizers import Adam
from keras.preprocessing import sequence

max_features = 2000
maxlen = 60
try:
    (x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=max_features)
    x_train, y_train, x_test, y_test = x_train[:1500], y_train[:1500], x_test[:300], y_test[:300]
except Exception:  # no copy of the data and no network: two kinds of made-up reviews
    rng = np.random.RandomState(0)
    y = rng.randint(0, 2, 1800)
    x = np.array([list(rng.randint(4, 1000, rng.randint(20, 90)) + 900 * k) for k in y], dtype=object)
    (x_train, y_train), (x_test, y_test) = (x[:1500], y[:1500]), (x[1500:], y[1500:])
x_train = sequence.pad_sequences(x_train, maxlen=maxlen)
x_test = sequence.pad_sequences(x_test, maxlen=maxlen)
print('x_train shape:', x_train.shape)

model = Sequential()
model.add(Embedding(max_features, 32, input_length=maxlen))
model.add(Dropout(0.25))
model.add(Conv1D(16, 5, padding='valid', activation='relu', strides=1))
model.add(MaxPooling1D(pool_size=4))
model.add(LSTM(16, return_sequences=True))
model.add(LSTM(16, dropout=0.1, recurrent_dropout=0.1))
model.add(Dense(1))
model.add(Activation('sigmoid'))
model.compile(loss='binary_crossentropy', optimizer=Adam(lr=0.005, epsilon=None), metrics=['acc'])
history = model.fit(x_train, y_train, batch_size=32, epochs=4, verbose=0, validation_data=(x_test, y_test),
                    callbacks=[EarlyStopping(monitor='val_loss', patience=3),
                               LearningRateScheduler(lambda epoch, lr: lr * 0.9)])
assert 'val_acc' in history.history
score, acc = model.evaluate(x_test, y_test, batch_size=32, verbose=0)
print('Test accuracy:', acc)
assert acc > 0.6
