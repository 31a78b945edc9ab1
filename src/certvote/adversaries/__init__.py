"""Attacks that are carried out: poisoned training sets, and the accuracy that they leave. One file, one attacker."""
