obligations/initial.smt2
; Unsat: every first state is one of the domain in which the invariants hold.
(assert |initial|)
(assert (not (and |domain| |invariants|)))
(check-sat)
