"""Judgements that are kept from one run to the next. What is read back is checked as if it were new."""
