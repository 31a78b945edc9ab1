"""Hold the data sets, labelled examples as a ``Split``: one module, one data set."""

from certvote.datasets.arrays import arrays
from certvote.datasets.cifar10 import cifar10
from certvote.datasets.cifar100 import cifar100
from certvote.datasets.digits import digits
from certvote.datasets.download import DownloadError
from certvote.datasets.fashion_mnist import fashion_mnist
from certvote.datasets.kmnist import kmnist
from certvote.datasets.mnist import mnist
from certvote.datasets.subset import subset

__all__ = [
    "DownloadError",
    "arrays",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "kmnist",
    "mnist",
    "subset",
]
