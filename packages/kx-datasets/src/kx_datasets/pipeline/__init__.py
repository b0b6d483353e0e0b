"""`Dataset`: lazy pipelines of elements, with the names and the meanings of tf.data, on NumPy and threads."""
