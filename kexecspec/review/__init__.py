"""What a change of a platform file does to its verdicts, and which change would make them better."""
