"""Read the arrays of ``.npy`` and ``.npz`` files so that any damage ends in one kind of error."""

from __future__ import annotations

import errno
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, KeyError, AttributeError, TypeError, OverflowError),
    RuntimeError,  # an archive that says it is encrypted, or compressed in an unknown way (NotImplementedError)
)


class DamagedArchiveError(ValueError):
    """Report a file that NumPy and ``zipfile`` cannot read; they raise a dozen kinds of errors for it."""


@contextmanager
def damage_as_one_error() -> Iterator[None]:
    """Turn what reading a damaged file raises into :class:`DamagedArchiveError`; errors of the disk stay."""
    try:
        yield
    except _DAMAGE as error:
        raise DamagedArchiveError(str(error) or type(error).__name__) from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # without one: NumPy's own; EINVAL: a position before the beginning
            raise
        raise DamagedArchiveError(str(error)) from error
