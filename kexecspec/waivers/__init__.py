"""Findings that somebody decided to live with, and findings that were there before."""
