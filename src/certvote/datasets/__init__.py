"""Hold the data sets, labelled examples as a ``Split``: one module, one data set."""

from certvote.datasets.arrays import arrays
from certvote.datasets.cifar import cifar10
from certvote.datasets.digits import digits
from certvote.datasets.download import DownloadError
from certvote.datasets.idx import mnist
from certvote.datasets.subset import subset

__all__ = ["DownloadError", "arrays", "cifar10", "digits", "mnist", "subset"]
