"""What a model can do with files: save, load weights, describe itself."""

import warnings

from kx_io.config import deserialize_keras_object, serialize_keras_object


class Saving:
    """The part of `Model` that writes and reads files; the formats are in `kx_models.saving`."""

    def save(self, filepath, overwrite=True, zipped=None, **kwargs):
        """Write the model to a file: `keras.saving.save_model(model, filepath, ...)`."""
        from kx_models.saving import api  # brings h5py

        api.save_model(self, filepath, overwrite, zipped, **kwargs)

    def save_weights(self, filepath, overwrite=True, max_shard_size=None, **kwargs):
        """Write the weights to a file: `keras.saving.save_weights(model, filepath, ...)`."""
        from kx_models.saving import api  # brings h5py

        api.save_weights(self, filepath, overwrite, max_shard_size, **kwargs)

    def load_weights(self, filepath, skip_mismatch=False, **kwargs):
        """Read weights from a file: `keras.saving.load_weights(model, filepath, ...)`."""
        from kx_models.saving import api  # brings h5py

        api.load_weights(self, filepath, skip_mismatch, **kwargs)

    def to_json(self, **kwargs):
        """Return the architecture as JSON, for `model_from_json`; `kwargs` go to `json.dumps`."""
        from kx_models.saving import architecture

        return architecture.to_json(self, **kwargs)

    def to_yaml(self, **kwargs):
        """Return the architecture as YAML, for `model_from_yaml`; `kwargs` go to `yaml.dump`."""
        from kx_models.saving import architecture

        return architecture.to_yaml(self, **kwargs)

    def get_compile_config(self):
        """Return the arguments of `compile` as a config, the optimizer as it is now; {} if it was not called.

        What cannot be written (a lambda) is named in a warning, and the model counts as not compiled.
        """
        if not self.compiled:
            return {}
        given = {**self._compile_config, "optimizer": self.optimizer}
        try:
            return serialize_keras_object(given)
        except (TypeError, ValueError, NotImplementedError) as error:
            warnings.warn(
                f"How model {self.name!r} is compiled was not saved, compile it again after loading: {error}",
                stacklevel=2,
            )
            return {}

    def compile_from_config(self, config):
        """Compile the model as `get_compile_config` noted; what cannot be made again is named in a warning."""
        try:
            self.compile(**deserialize_keras_object(config))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            warnings.warn(
                f"The model {self.name!r} was loaded uncompiled, as its loss, metrics or optimizer could not be made "
                f"again: {error} Compile it before training.",
                stacklevel=2,
            )
            return
        if self.built and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)
