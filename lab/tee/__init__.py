"""A real OP-TEE below the lab's kernels: what stays registered with it across a kexec. Not part of the tool."""
