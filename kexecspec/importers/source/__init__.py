"""A kernel's source tree, read: which driver binds what, what its hooks do, and what stops its DMA."""
