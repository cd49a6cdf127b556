"""What goes wrong around the tool: signals, full disks, closed streams, solvers that crash or hang."""
