"""California housing prices of 1990, 20,640 block groups. Source: Pace and Barry 1997, from StatLib."""

from kx_datasets.restricted import read_npz
from kx_datasets.source import KERAS_FILES, Source, open_verified
from kx_datasets.split import check_test_split, shuffle_and_split

HOUSES = Source(
    names=("california_housing.npz",),
    url=KERAS_FILES + "california_housing.npz",
    sha256=("1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",),
)
_SMALL = 600


def load_data(version="large", path="california_housing.npz", test_split=0.2, seed=113):
    """Load the block groups: `(x_train, y_train), (x_test, y_test)`.

    Shapes: `x` (n, 8) float32: longitude, latitude, median age, rooms, bedrooms, population, households,
    median income; `y` (n,) float32, the median price in dollars, 14,999 to 500,001.

    Args: `version` "large" has all 20,640 rows, "small" the first 600; `test_split` is the fraction to test
    with.
    Errors: `DatasetNotFound`, `ChecksumError`; `ValueError` for another version or unless `0 <= test_split <
    1`.

    >>> (x_train, y_train), (x_test, y_test) = load_data("small")  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((480, 8), (120, 8))
    """
    check_test_split(test_split)
    if version not in ("small", "large"):
        raise ValueError(f"Argument `version` must be one of 'small', 'large'. Received: version={version}")
    file, _ = open_verified(HOUSES, name=path)
    with file:
        x, y = read_npz(file, "x", "y")
    rows = _SMALL if version == "small" else len(x)
    return shuffle_and_split(x[:rows], y[:rows], test_split, seed)
