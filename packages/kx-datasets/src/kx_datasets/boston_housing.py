"""Boston housing prices of the 1970s, 506 districts. Source: Harrison and Rubinfeld 1978, from StatLib."""

from kx_datasets.restricted import read_npz
from kx_datasets.source import KERAS_FILES, Source, open_verified
from kx_datasets.split import check_test_split, shuffle_and_split

# The second checksum is of the same arrays in another container.
HOUSES = Source(
    names=("boston_housing.npz",),
    url=KERAS_FILES + "boston_housing.npz",
    sha256=(
        "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
        "9a38dd3bf92f3c2809445778cc12336e985c0faf67eb64379f6809dca11ef4bc",
    ),
)


def load_data(path="boston_housing.npz", test_split=0.2, seed=113):
    """Load the districts: `(x_train, y_train), (x_test, y_test)`, by default 404 and 102 rows.

    Shapes: `x` (n, 13) float64; `y` (n,) float64, the median price in 1000 dollars, 5 to 50. One column, B,
    encodes race by an assumption that is widely rejected: prefer `california_housing` for anything but
    discussing that.

    Errors: `DatasetNotFound`, `ChecksumError`; `ValueError` unless `0 <= test_split < 1`.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train[0]  # doctest: +SKIP
    ((404, 13), 15.2)
    """
    check_test_split(test_split)
    file, _ = open_verified(HOUSES, name=path)
    with file:
        x, y = read_npz(file, "x", "y")
    return shuffle_and_split(x, y, test_split, seed)
