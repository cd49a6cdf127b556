"""From a console log back to the traces that end so."""
