"""Scripting over the results database: two curves in one figure, and the size at which kNN falls under 50 %.

    make demo                      # or any other sweep of yours
    python docs/results_api.py     # writes curves.svg into the current folder

``certvote.results`` reads what sweeps wrote; nothing is computed again. Options and columns go by their names on the
command line: ``algo``, ``grouping``, ``algo.k``.
"""
# ruff: noqa: T201

import numpy as np
from matplotlib.figure import Figure

from certvote import results

# A row per finished run: options with their types, headline numbers, digests. Pass uri=… for another database.
runs = results.runs(sweep="demo", options={"algo": "knn", "attack": "poisoning"})
print(runs[["algo.k", "grouping", "CA_0", "auc", "seconds"]].to_string(), "\n")

# A row per run and poisoning size: both certificates of the best k.
best = runs.loc[runs["auc"].idxmax()]
chosen = {"algo": "knn", "attack": "poisoning", "k": int(best["algo.k"]), "grouping": ["none", "budget"]}
curves = results.curves(sweep="demo", options=chosen, show=["grouping"])

figure = Figure(figsize=(5, 3), layout="constrained")
axes = figure.subplots()
for grouping, curve in curves.groupby("grouping"):
    axes.step(curve["e"], 100 * curve["certified"], where="pre", label=f"kNN, {grouping}")
    below = curve.loc[curve["certified"] < 0.5, "e"]
    size = f"e = {below.min()}" if len(below) else f"no size up to {curve['e'].max()}"
    print(f"kNN (k = {best['algo.k']}, grouping={grouping}) falls under 50 % at {size}")
axes.set(xlabel="poisoned training examples e", ylabel="certified accuracy (%)", ylim=(0, 100))
axes.legend()
figure.savefig("curves.svg")

# The evidence behind a number: votes per test example and label, and what an attacker needs for each example alone.
votes, labels = results.votes(best["run"])
sizes = results.certified_sizes(best["run"])
weakest = np.argsort(np.where(sizes < 0, sizes.max(), sizes), kind="stable")[:3]
print("\nThe correctly classified test examples that take the fewest poisoned training examples:")
for i in weakest:
    print(f"  example {i}: label {labels[i]}, votes {votes.counts[i].tolist()}, safe up to e = {sizes[i]}")
