"""Say which jobs a command means: combinations, rules over them, and a plan of what would become of each."""
