"""Names that lead to another folder are refused, without loading what draws figures."""

from __future__ import annotations

import subprocess
import sys

import pytest

from certvote.runtime.names import check_name


@pytest.mark.parametrize("name", ["demo", "my study-1", "größe_2", "a.b+c", "x" * 255])
def test_plain_names(name):
    check_name(name)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "/abs", ".hidden", "x.", "x ", "a\nb", "x" * 256, "ö" * 128])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="option name: expected"):
        check_name(name)


def test_the_check_is_light():
    code = "import sys, certvote.runtime.names; sys.exit('matplotlib' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
