"""From a counterexample to things to do on a board, and to a script that watches there for what the trace says."""
