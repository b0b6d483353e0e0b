"""Pictures changed at random while they are read, as in Keras 2: `ImageDataGenerator` and its iterators."""
