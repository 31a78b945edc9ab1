"""What is free: on the machine, and within the limits of control groups."""

from __future__ import annotations

import psutil
import pytest

from certvote.runtime import memory


@pytest.fixture
def groups(monkeypatch, tmp_path):
    """A machine with 8 GB free, whose control groups are what the test writes."""
    monkeypatch.setattr(memory, "_SELF", tmp_path / "self")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 8 * 10**9})())

    def write(own: str, **files: dict[str, str]) -> None:
        (tmp_path / "self").write_text(own)
        for folder, contents in files.items():
            place = tmp_path / "groups" / folder.replace("__", "/")
            place.mkdir(parents=True, exist_ok=True)
            for name, text in contents.items():
                (place / name).write_text(text)

    return write


def test_without_control_groups_the_machine_decides(groups):
    assert memory.available() == 8 * 10**9  # no such file, as on other systems
    groups("0::/user\n")
    assert memory.available() == 8 * 10**9


def test_the_limit_of_a_control_group_counts_and_dropped_file_pages_are_free(groups):
    mine = {"memory.max": "3000", "memory.current": "2500", "memory.stat": "anon 5\ninactive_file 400\n"}
    groups("0::/user/job\n", user__job=mine)
    assert memory.available() == 900
    groups("0::/user/job\n", user={"memory.max": "700\n", "memory.current": "100\n", "memory.stat": ""})
    assert memory.available() == 600
    groups("0::/user/job\n", user__job={**mine, "memory.max": "max\n"}, user={"memory.max": "max"})
    assert memory.available() == 8 * 10**9


def test_the_older_kind_of_control_groups(groups):
    limit = {
        "memory.limit_in_bytes": "5000",
        "memory.usage_in_bytes": "5500",
        "memory.stat": "total_inactive_file 200\n",
    }
    groups("9:name=systemd:/\n4:cpu,memory:/job\n0::/\n", memory__job=limit)
    assert memory.available() == 0
    groups("4:memory:/elsewhere\n", memory={**limit, "memory.usage_in_bytes": "1000"})  # mounted as the root
    (limit_of_job := memory._GROUPS / "memory" / "job" / "memory.limit_in_bytes").unlink()
    assert not limit_of_job.exists()
    assert memory.available() == 4200


def test_what_is_more_than_free_is_refused_with_a_remedy(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10**9)
    memory.refuse_above_free(10**9, "a table", "make it smaller")
    with pytest.raises(ValueError, match="a table: expected at least 1,001 MB of free memory, got 1,000 MB; make it"):
        memory.refuse_above_free(1_001_000_000, "a table", "make it smaller")
