"""One property of a transition system in the languages of other model checkers.

`model` makes rules that say themselves where they may not fire, over one graph of expressions in which all that is
equal is one node; each format writes that graph. So a sum is written once, and a file grows no faster than its system.
"""
