"""Fuzzing of everything that reads what others wrote: `make fuzz MINUTES=30`, or `python -m tests.fuzz --help`."""
