obligations/ranges.smt2
; Unsat: no rule leads out of the domain, so that |domain'| may be taken for granted in consecution.smt2.
(assert |domain|)
(assert |invariants|)
(assert |step|)
(assert (not |domain'|))
(check-sat)
