"""From components and a Platform to a TransitionSystem."""
