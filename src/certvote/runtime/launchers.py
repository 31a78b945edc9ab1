"""How many cores a job of a sweep may take, so that jobs that run at the same time do not fight over them."""

from __future__ import annotations

from typing import Any

from certvote.runtime.threads import cores


def threads_per_job(launcher: Any, jobs: int) -> int | None:
    """Threads for each of so many jobs under the launcher with these options; ``None``: all that the job finds.

    joblib runs ``n_jobs`` of them at a time on this machine (-1: one on each core), submitit_local all at once. On a
    Slurm cluster a job has the cores that it asked for, whoever else runs.
    """
    target = str(launcher.get("_target_", ""))
    if "hydra_joblib_launcher" in target:
        asked = int(launcher.get("n_jobs", -1))
        if asked == 0:
            raise ValueError("option hydra.launcher.n_jobs: expected a number of jobs, or -1: one per core, got 0")
        at_once = asked if asked > 0 else max(1, cores() + 1 + asked)
    elif target.endswith("submitit_launcher.LocalLauncher"):
        at_once = jobs
    else:
        cpus: int | None = launcher.get("cpus_per_task")
        return cpus
    return max(1, cores() // max(1, min(at_once, jobs)))


def logs_elsewhere(launcher: Any) -> bool:
    """Whether jobs write what they say to files, not to this program's output."""
    return "submitit" in str(launcher.get("_target_", ""))
