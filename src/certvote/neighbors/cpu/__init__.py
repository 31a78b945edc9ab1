"""Compiled distances and selection that the CPU backends and the sharded count share."""
