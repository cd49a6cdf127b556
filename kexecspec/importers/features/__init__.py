"""What a kernel's source tree shows of the features that specs/kernels describes."""
