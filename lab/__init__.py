"""Real kernels as witnesses: one machine under QEMU, one scenario, and what was seen of it. Not part of the tool."""
