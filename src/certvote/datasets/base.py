"""Define what a data set is: labelled training and test examples, read and checked.

A new data set is a class ``@choice("dataset", …)`` in a module of its own and a file ``conf/dataset/….yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from certvote.options import Label
from certvote.options.choices import Choice
from certvote.options.option import option

if TYPE_CHECKING:
    from certvote.types import Split


@dataclass
class Dataset(Choice):
    """Read labelled training and test examples, or a stratified subset of them."""

    n_train: int | None = option("a stratified subset of training examples; null: all", default=None, least=1)
    n_test: int | None = option("a stratified subset of test examples; null: all", default=None, least=1)
    holdout: int | None = option(
        "training examples that take the test set's place, to choose options on; null: the test set",
        default=None,
        least=1,
    )
    seed: int = option("seed of the split and of subsets", default=0, least=0, seed=True)
    recommended: dict[str, Any] = option("values of options that the user leaves open", default={}, matters=False)

    label: ClassVar[Label] = Label("unnamed data")

    noun: ClassVar[str] = "examples"
    """What an example is, in the plural, for sentences."""

    def load(self, *, data_root: str | Path, download: bool = True) -> Split:
        """Read the complete data set.

        Parameters
        ----------
        data_root : path
            Folder of data sets.
        download : bool
            Whether files that are not there may be downloaded; otherwise they are an error.
        """
        raise NotImplementedError

    def split(self, *, data_root: str | Path, download: bool = True) -> Split:
        """Read the data set and take the subset that ``n_train``, ``n_test`` and ``holdout`` ask for.

        Raises
        ------
        ValueError
            If a file is malformed, or there are fewer examples than asked for.
        DownloadError
            If a missing file cannot be had.
        """
        from certvote.datasets.subset import subset

        whole = self.load(data_root=data_root, download=download)
        return subset(whole, n_train=self.n_train, n_test=self.n_test, holdout=self.holdout, seed=self.seed)
