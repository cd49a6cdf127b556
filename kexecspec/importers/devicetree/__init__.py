"""A flattened device tree as what it says of memory, the secure world, IOMMUs and bus masters."""
