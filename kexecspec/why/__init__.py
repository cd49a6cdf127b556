"""Why something is proved: the facts that each proof needs, where they come from, and the facts that play no part."""
