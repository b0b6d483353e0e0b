"""Learning-rate schedules."""

from kx_optimizers.schedules import CosineDecay as CosineDecay
from kx_optimizers.schedules import CosineDecayRestarts as CosineDecayRestarts
from kx_optimizers.schedules import ExponentialDecay as ExponentialDecay
from kx_optimizers.schedules import InverseTimeDecay as InverseTimeDecay
from kx_optimizers.schedules import LearningRateSchedule as LearningRateSchedule
from kx_optimizers.schedules import PiecewiseConstantDecay as PiecewiseConstantDecay
from kx_optimizers.schedules import PolynomialDecay as PolynomialDecay
from kx_optimizers.schedules import deserialize as deserialize
from kx_optimizers.schedules import serialize as serialize
