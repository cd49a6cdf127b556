"""Platforms from what people have: device trees, kernel trees, and running machines."""
