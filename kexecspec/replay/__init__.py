"""Replay: a trace of the rules, performed on the executable machine. The only code that knows both."""
