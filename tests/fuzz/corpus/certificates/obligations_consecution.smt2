obligations/consecution.smt2
; Unsat: no rule leads from a state in which the invariants hold to one in which they do not.
(assert |domain|)
(assert |invariants|)
(assert |step|)
(assert |domain'|)
(assert (not |invariants'|))
(check-sat)
