"""What a process begins with that a script under `kx run` starts, such as a worker of a PyDataset.

`multiprocessing` runs the main module anew in such a process, under the name `__mp_main__`. `kx run` gives this module
as that of the script: it makes `import keras` mean kx there, too, and runs the script in its own place.
"""

import os
import sys

from kx.compat import install_as_keras

if __name__ == "__mp_main__":
    install_as_keras()
    sys.argv[0] = __file__ = os.environ["KX_RUN_SCRIPT"]
    with open(__file__, "rb") as file:
        exec(compile(file.read(), __file__, "exec", dont_inherit=True), globals())
