"""Code written for Keras, of any age, runs on kx: the old module paths, `keras.backend`, and as much of `tf.`.

`install_as_keras()` makes `import keras`, `import tf_keras` and `from tensorflow import keras` mean kx in this process;
`kx run script.py` does that for a script.
"""

from kx.compat.finder import install_as_keras as install_as_keras
from kx.compat.finder import uninstall as uninstall
