"""What masters and TEE clients can reach, phase by phase of each handoff, and which unknown facts decide how much."""
