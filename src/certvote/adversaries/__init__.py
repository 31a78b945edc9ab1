"""Attacks that are carried out: poisoned training sets, and the accuracy that is left on them. One file, one attacker."""
