"""Certificates: a proof as plain SMT-LIB text that any solver can check, and the strict reading of one."""
