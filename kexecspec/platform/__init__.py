"""From a read file to a Platform: names, versions and defaults become facts."""
