"""Define what a feature is: how each example becomes a vector on the exact grid.

A new feature is a class ``@choice("feature", …)`` in a module of its own and a file ``conf/feature/….yaml``. Its
soundness condition: a vector depends on its own example alone (docs/certificates.md, section 2).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from certvote.options import Label
from certvote.options.choices import Choice, meaning_of
from certvote.options.option import option

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float32

    from certvote.types import Features, Split

VIEWS = ("rotations", "mirror")
"""Options that say under which transformations a test example is compared: each view is an example of its own."""

_CACHE_FORMAT = 1  # raise it when the numbers of an extractor change


@dataclass
class Feature(Choice):
    """Map every example, on its own, to a vector of float32 numbers on the exact grid."""

    label: ClassVar[Label] = Label("unnamed")

    takes: ClassVar[Literal["images", "vectors"]] = "images"
    """Whether it looks at images, or at the feature vectors that a data set brings."""

    libraries: ClassVar[tuple[str, ...]] = ()
    """Distributions whose versions the numbers depend on; features that name any are kept in the cache."""

    def bits(self, shape: tuple[int, ...]) -> int:
        """Return the exponent b of the grid 2^-b, from the shape of one example and the options alone."""
        raise NotImplementedError

    def compute(self, examples: np.ndarray, *, n_jobs: int | None, progress: bool) -> Float32[np.ndarray, "n d"]:
        """Compute the vectors of examples, each from its own example, on the grid of :meth:`bits`."""
        raise NotImplementedError

    def sources(self, split: Split) -> dict[str, str]:
        """Return what identifies the files, models or weights that options name: a file by its content.

        Raises
        ------
        ValueError
            If an option names a file that is not there.
        """
        return {}

    def loaded(self) -> dict[str, str]:
        """Return, by option, the SHA-256 of the file that was loaded for a name: a tag of weights says where, not what.

        It is asked after :meth:`compute`, when the file is on this machine.
        """
        return {}

    def check(self, split: Split) -> None:
        """Check that the feature is made for the data.

        Raises
        ------
        ValueError
            If it looks at images and the data has vectors, or the reverse.
        """
        got = "images" if split.train.ndim == 4 else "vectors"
        if self.takes != got:
            words = {"images": "images", "vectors": "feature vectors"}
            other = "vectors" if got == "vectors" else "pixels or feature=hog"
            raise ValueError(
                f"option feature: feature={self.name} expected {words[self.takes]}, got a data set of {words[got]} "
                f"({split.name}); choose feature={other}"
            )

    def extract(
        self, split: Split, *, cache_root: str | Path | None = None, n_jobs: int | None = None, progress: bool = True
    ) -> Features:
        """Compute the features of both parts of a split.

        Slow features are kept on disk, training and test part apart, so that an attack that draws into test images
        recomputes only those.

        Parameters
        ----------
        split : Split
            Training and test examples.
        cache_root : path or None
            Folder of the cache; ``None`` keeps nothing.
        n_jobs : int or None
            Processes or threads; ``None``: one per core. The numbers do not depend on it.
        progress : bool
            Whether to show a progress bar.

        Raises
        ------
        ValueError
            If the feature is not made for the data, or refuses an example.
        CacheError
            If the cache cannot be read or written.
        """
        import numpy as np

        from certvote.runtime.cache import cached
        from certvote.runtime.digests import array_digest
        from certvote.types import Features

        self.check(split)
        bits = self.bits(split.train.shape[1:])

        files: dict[str, str] = {}

        def part(examples: np.ndarray) -> np.ndarray:
            def run() -> dict[str, np.ndarray]:
                features = self.compute(examples, n_jobs=n_jobs, progress=progress)
                return {"features": features} | {name: np.array(digest) for name, digest in self.loaded().items()}

            if not self.libraries:
                return run()["features"]
            arrays = cached(cache_root, f"features-{self.name}", self._key(examples, split, bits), run)
            features = arrays.pop("features")
            for name, digest in arrays.items():
                if files.setdefault(name, str(digest)) != str(digest):
                    raise ValueError(
                        f"option {name}: expected one file for all examples, got cached features of two, "
                        f"{files[name]} and {digest}, under one name; choose another cache_root"
                    )
            return features

        views = self.views(split.test)
        train, test = part(split.train), [part(view) for view in views]
        vectors = test[0] if len(test) == 1 else np.stack(test, axis=1)
        return Features(train=train, test=vectors, bits=bits, digest=array_digest(train, vectors), files=files)

    @property
    def num_views(self) -> int:
        """Number of views of a test example that are compared with a training example."""
        return 1

    def views(self, examples: np.ndarray) -> list[np.ndarray]:
        """Return the transformed test examples that a distance is the smallest over; by default they alone."""
        return [examples]

    def _key(self, examples: np.ndarray, split: Split, bits: int) -> dict[str, Any]:
        """Name all that the vectors of examples depend on."""
        import numpy as np

        from certvote.runtime.digests import array_digest

        sources = self.sources(split)
        options = {
            name: value
            for name, value in asdict(self).items()
            if meaning_of(type(self), name).matters and name not in VIEWS
        }
        return {
            "content": array_digest(examples),
            "options": {name: sources.get(f"feature.{name}", value) for name, value in options.items()},
            "bits": bits,
            "library": ", ".join(f"{library} {_version(library)}" for library in self.libraries),
            "numpy": np.__version__,
            "format": _CACHE_FORMAT,
        }


@dataclass
class ImageFeature(Feature):
    """Map every image to a vector; a test image may be compared under several views of itself.

    The distance of a test image x and a training image z is then the smallest over the views v of ``|f(v(x)) - f(z)|``:
    a function of the pair, so that every certificate holds (docs/certificates.md, Theorem 0).
    """

    rotations: list[float] = option("angles in degrees by which a test image is rotated, each a view", default=[0.0])
    mirror: bool = option("whether each view counts with left and right exchanged as well", default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rotations = [float(angle) for angle in self.rotations]
        if not self.rotations or len(set(self.rotations)) < len(self.rotations):
            raise ValueError(f"option feature.rotations: expected different angles, at least one, got {self.rotations}")

    @property
    def num_views(self) -> int:
        """Number of views of a test image: one per rotation, twice as many with mirrored ones."""
        return len(self.rotations) * (1 + self.mirror)

    def views(self, examples: np.ndarray) -> list[np.ndarray]:
        """Return the test images under every rotation, and mirrored if asked for."""
        from certvote.features.views import mirrored, rotated

        views = [examples if angle == 0 else rotated(examples, angle) for angle in self.rotations]
        return views + [mirrored(view) for view in views] * self.mirror


def _version(library: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(library).partition("+")[0]  # builds for CPU and for CUDA find each other's results
    except PackageNotFoundError:
        return "absent"  # the extractor says so better
