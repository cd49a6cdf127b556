"""Mutants: small wrong versions of the rules, the facts, the machine and the encoder; the tests should notice each.

`python -m tests.mutants [--only PART] [--jobs N]` runs them and ends with exit code 1 where one survives that
`survivors.yaml` does not explain. Everything happens in temporary copies of the tree.
"""
