"""What a running machine says of itself: /sys and /proc, live, copied or in a tar."""
