"""Judging the properties of a transition system with z3. Nothing outside this package imports z3, and
nothing in it does before a function needs it."""
