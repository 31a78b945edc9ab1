"""Hold the options that say at which poisoning sizes a curve is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certvote.options.choices import Options, section
from certvote.options.option import option

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int64


@section("sizes")
class Sizes(Options):
    """The poisoning sizes 0, ``step``, 2 ``step``, … up to ``max``."""

    max: int = option("largest poisoning size of the curve", least=0, most="n_train")
    step: int = option("distance of the poisoning sizes", least=1)

    def all(self) -> Int64[np.ndarray, " s"]:
        """Return every poisoning size of the curve."""
        import numpy as np

        return np.arange(0, self.max + 1, self.step, dtype=np.int64)
