"""Many platforms at once: a matrix of axes becomes combinations, each is judged in a process that may die, and its
result is kept as a line of a file that survives everything."""
