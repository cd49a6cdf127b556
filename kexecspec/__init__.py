"""kexecspec: proves, or refutes by a replayed counterexample, that handing a machine to the next kernel is safe."""

__version__ = "0.1.0"
