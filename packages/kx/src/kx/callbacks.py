"""Callbacks: what happens around the epochs and batches of a run."""

from kx_models.callbacks.backup_and_restore import BackupAndRestore as BackupAndRestore
from kx_models.callbacks.base_logger import BaseLogger as BaseLogger
from kx_models.callbacks.callback import Callback as Callback
from kx_models.callbacks.callback_list import CallbackList as CallbackList
from kx_models.callbacks.csv_logger import CSVLogger as CSVLogger
from kx_models.callbacks.early_stopping import EarlyStopping as EarlyStopping
from kx_models.callbacks.history import History as History
from kx_models.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from kx_models.callbacks.learning_rate_scheduler import LearningRateScheduler as LearningRateScheduler
from kx_models.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from kx_models.callbacks.progbar_logger import ProgbarLogger as ProgbarLogger
from kx_models.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as ReduceLROnPlateau
from kx_models.callbacks.remote_monitor import RemoteMonitor as RemoteMonitor
from kx_models.callbacks.swap_ema_weights import SwapEMAWeights as SwapEMAWeights
from kx_models.callbacks.tensorboard import TensorBoard as TensorBoard
from kx_models.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN
