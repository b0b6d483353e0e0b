"""What a script may ask about the Keras that it runs on."""

__version__ = "3.15.1"  # whose API kx has
