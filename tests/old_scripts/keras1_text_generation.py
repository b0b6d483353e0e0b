"""Keras 1.2: characters of a text one after the other, with an LSTM."""
import random
import sys

import numpy as np

from keras.callbacks import LambdaCallback
from keras.layers import Activation, Dense
from keras.layers.recurrent import LSTM
from keras.models import Sequential
from keras.optimizers import RMSprop

text = ('it is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want '
        'of a wife. ') * 8
chars = sorted(list(set(text)))
char_indices = dict((c, i) for i, c in enumerate(chars))
indices_char = dict((i, c) for i, c in enumerate(chars))
maxlen, step = 20, 3
sentences, next_chars = [], []
for i in range(0, len(text) - maxlen, step):
    sentences.append(text[i: i + maxlen])
    next_chars.append(text[i + maxlen])
X = np.zeros((len(sentences), maxlen, len(chars)), dtype=bool)
y = np.zeros((len(sentences), len(chars)), dtype=bool)
for i, sentence in enumerate(sentences):
    for t, char in enumerate(sentence):
        X[i, t, char_indices[char]] = 1
    y[i, char_indices[next_chars[i]]] = 1

model = Sequential()
model.add(LSTM(output_dim=64, input_shape=(maxlen, len(chars)), inner_init='orthogonal', consume_less='cpu'))
model.add(Dense(len(chars)))
model.add(Activation('softmax'))
optimizer = RMSprop(lr=0.01)
model.compile(loss='categorical_crossentropy', optimizer=optimizer)


def sample(preds, temperature=1.0):
    preds = np.asarray(preds).astype('float64')
    preds = np.log(preds) / temperature
    exp_preds = np.exp(preds)
    preds = exp_preds / np.sum(exp_preds)
    return np.argmax(np.random.multinomial(1, preds, 1))


history = model.fit(X, y, batch_size=64, nb_epoch=20, verbose=0)
assert history.history['loss'][-1] < history.history['loss'][0] / 2
start_index = random.randint(0, len(text) - maxlen - 1)
sentence = text[start_index: start_index + maxlen]
generated = sentence
for i in range(40):
    x = np.zeros((1, maxlen, len(chars)))
    for t, char in enumerate(sentence):
        x[0, t, char_indices[char]] = 1.
    preds = model.predict(x, verbose=0)[0]
    next_char = indices_char[sample(preds, 0.5)]
    generated += next_char
    sentence = sentence[1:] + next_char
sys.stdout.write(generated + '\n')
assert len(generated) == maxlen + 40
