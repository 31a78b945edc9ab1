#!/usr/bin/env python3
"""Run one job, or with -m a sweep (python run.py -m algo=knn,rnn k=50,100)."""

from certvote.cli import run

if __name__ == "__main__":
    run()
