"""What a killed process leaves in the temporary folder is removed by the next one, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys

from certvote.runtime.temporary import sweep, temporary_folder

HOLD = """
import sys; from certvote.runtime.temporary import temporary_folder
with temporary_folder(sys.argv[1]) as folder:
    (folder / "file").write_text("x"); print(folder, flush=True); sys.stdin.read()
"""


def aged(folder) -> None:
    os.utime(folder, (0, 0))


def test_the_folder_of_a_killed_process_goes_and_that_of_one_at_work_stays(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    folders = [process.stdout.readline().strip() for process in processes]
    for folder in folders:
        aged(folder)
    processes[0].kill()
    processes[0].wait()
    with temporary_folder(tmp_path) as mine:
        assert {str(path) for path in tmp_path.iterdir()} == {folders[1], str(mine)}
    processes[1].communicate("")
    assert list(tmp_path.iterdir()) == []


def test_what_is_young_or_not_ours_or_a_link_is_left_alone(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "certvote-tmp-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "certvote-tmp-young").mkdir()
    (tmp_path / "other-tmp").mkdir()
    aged(tmp_path / "other-tmp")
    before = set(tmp_path.iterdir())
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == before
