"""Share out cores among the jobs of a sweep that run at the same time."""

from __future__ import annotations

from typing import Any

from certvote.runtime.threads import cores


def threads_per_job(launcher: Any, jobs: int) -> int | None:
    """Return how many threads each job of a sweep may use.

    joblib runs ``n_jobs`` jobs at a time on this machine (-1: one on each core), submitit_local all at once. On a Slurm
    cluster a job has the cores that it asked for.

    Parameters
    ----------
    launcher : mapping
        Options of Hydra's launcher.
    jobs : int
        Number of jobs.

    Returns
    -------
    int or None
        Threads; ``None``: all cores that the job finds.

    Raises
    ------
    ValueError
        If ``n_jobs`` is 0.
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
    """Return whether the launcher writes the output of jobs to files rather than to this program's output."""
    return "submitit" in str(launcher.get("_target_", ""))
