"""What `kexecspec export` writes, read by small interpreters and compared with the rules step by step."""
