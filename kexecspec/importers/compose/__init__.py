"""A board and what is known of its drivers, as a platform file."""
