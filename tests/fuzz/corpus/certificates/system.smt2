system.smt2
; A transition system. SMT-LIB 2.6: integers and booleans, no quantifiers.
; |v NAME| is a state variable now, |v NAME'| the same after one step; |fired| is the number of the rule that takes it.
; domain: every value is one of its sort. initial: a first state, where what is not given may be any value of its sort.
; step: one rule fires. Its guard holds, what it writes changes, everything else stays.
; Nothing is asserted here. See invariants.smt2 and obligations/.
(set-logic QF_LIA)

; labels of enumerations
(define-fun |label boot| () Int 0)
(define-fun |label up| () Int 1)
(define-fun |label down| () Int 2)
(define-fun |label none| () Int 3)
(define-fun |label prod -kexec-> prod| () Int 4)
(define-fun |label kexec| () Int 5)
(define-fun |label crash| () Int 6)
(define-fun |label reboot| () Int 7)
(define-fun |label reboot-force| () Int 8)
(define-fun |label off| () Int 9)
(define-fun |label probe_1| () Int 10)
(define-fun |label wait_probe_1| () Int 11)
(define-fun |label wait_probe_2| () Int 12)
(define-fun |label bound| () Int 13)
(define-fun |label shut| () Int 14)
(define-fun |label failed| () Int 15)
(define-fun |label registered| () Int 16)
(define-fun |label deferred| () Int 17)
(define-fun |label leak| () Int 18)
(define-fun |label foreign| () Int 19)

; rules
(define-fun |rule up| () Int 0)
(define-fun |rule optee.probe.enable_shm_cache.enables| () Int 1)
(define-fun |rule optee.probe.enumerate_devices.answers| () Int 2)
(define-fun |rule bnxt.probe.deferred| () Int 3)
(define-fun |rule bnxt.probe.tee_client_open_session.opens| () Int 4)
(define-fun |rule bnxt.probe.tee_client_open_session.no_room| () Int 5)
(define-fun |rule bnxt.probe.tee_shm_alloc(fw).registers| () Int 6)
(define-fun |rule bnxt.probe.tee_shm_alloc(fw).refused_by_residue| () Int 7)
(define-fun |rule bnxt.probe.tee_shm_alloc(fw).refused| () Int 8)
(define-fun |rule bnxt.probe.tee_shm_alloc(fw).fails| () Int 9)
(define-fun |rule begin.prod -kexec-> prod| () Int 10)
(define-fun |rule jump.prod -kexec-> prod| () Int 11)
(declare-const |fired| Int)

; variables
(declare-const |v phase| Int)
(declare-const |v leaving| Int)
(declare-const |v entered| Int)
(declare-const |v tee.cache_on| Bool)
(declare-const |v tee.stale_bytes| Int)
(declare-const |v optee.at| Int)
(declare-const |v bnxt.fw.state| Int)
(declare-const |v bnxt.fw.left| Bool)
(declare-const |v bnxt.session| Bool)
(declare-const |v bnxt.orphan| Bool)
(declare-const |v bnxt.refused| Bool)
(declare-const |v bnxt.lost| Int)
(declare-const |v bnxt.at| Int)
(declare-const |v phase'| Int)
(declare-const |v leaving'| Int)
(declare-const |v entered'| Int)
(declare-const |v tee.cache_on'| Bool)
(declare-const |v tee.stale_bytes'| Int)
(declare-const |v optee.at'| Int)
(declare-const |v bnxt.fw.state'| Int)
(declare-const |v bnxt.fw.left'| Bool)
(declare-const |v bnxt.session'| Bool)
(declare-const |v bnxt.orphan'| Bool)
(declare-const |v bnxt.refused'| Bool)
(declare-const |v bnxt.lost'| Int)
(declare-const |v bnxt.at'| Int)

(define-fun |domain| () Bool (and
  (or (= |v phase| |label boot|) (= |v phase| |label up|) (= |v phase| |label down|))
  (or (= |v leaving| |label none|) (= |v leaving| |label prod -kexec-> prod|))
  (or (= |v entered| |label none|) (= |v entered| |label kexec|) (= |v entered| |label crash|) (= |v entered| |label reboot|) (= |v entered| |label reboot-force|))
  (<= 0 |v tee.stale_bytes| 65536)
  (or (= |v optee.at| |label off|) (= |v optee.at| |label probe_1|) (= |v optee.at| |label wait_probe_1|) (= |v optee.at| |label wait_probe_2|) (= |v optee.at| |label bound|) (= |v optee.at| |label shut|) (= |v optee.at| |label failed|))
  (or (= |v bnxt.fw.state| |label none|) (= |v bnxt.fw.state| |label registered|) (= |v bnxt.fw.state| |label deferred|))
  (or (= |v bnxt.lost| |label none|) (= |v bnxt.lost| |label leak|) (= |v bnxt.lost| |label foreign|))
  (or (= |v bnxt.at| |label off|) (= |v bnxt.at| |label probe_1|) (= |v bnxt.at| |label wait_probe_1|) (= |v bnxt.at| |label wait_probe_2|) (= |v bnxt.at| |label bound|) (= |v bnxt.at| |label shut|) (= |v bnxt.at| |label failed|))))
(define-fun |domain'| () Bool (and
  (or (= |v phase'| |label boot|) (= |v phase'| |label up|) (= |v phase'| |label down|))
  (or (= |v leaving'| |label none|) (= |v leaving'| |label prod -kexec-> prod|))
  (or (= |v entered'| |label none|) (= |v entered'| |label kexec|) (= |v entered'| |label crash|) (= |v entered'| |label reboot|) (= |v entered'| |label reboot-force|))
  (<= 0 |v tee.stale_bytes'| 65536)
  (or (= |v optee.at'| |label off|) (= |v optee.at'| |label probe_1|) (= |v optee.at'| |label wait_probe_1|) (= |v optee.at'| |label wait_probe_2|) (= |v optee.at'| |label bound|) (= |v optee.at'| |label shut|) (= |v optee.at'| |label failed|))
  (or (= |v bnxt.fw.state'| |label none|) (= |v bnxt.fw.state'| |label registered|) (= |v bnxt.fw.state'| |label deferred|))
  (or (= |v bnxt.lost'| |label none|) (= |v bnxt.lost'| |label leak|) (= |v bnxt.lost'| |label foreign|))
  (or (= |v bnxt.at'| |label off|) (= |v bnxt.at'| |label probe_1|) (= |v bnxt.at'| |label wait_probe_1|) (= |v bnxt.at'| |label wait_probe_2|) (= |v bnxt.at'| |label bound|) (= |v bnxt.at'| |label shut|) (= |v bnxt.at'| |label failed|))))
(define-fun |initial| () Bool (and
  (= |v phase| |label boot|)
  (= |v leaving| |label none|)
  (= |v entered| |label none|)
  (= |v tee.cache_on| false)
  (= |v tee.stale_bytes| 0)
  (= |v optee.at| |label off|)
  (= |v bnxt.fw.state| |label none|)
  (= |v bnxt.fw.left| false)
  (= |v bnxt.session| false)
  (= |v bnxt.orphan| false)
  (= |v bnxt.refused| false)
  (= |v bnxt.lost| |label none|)
  (= |v bnxt.at| |label off|)))

; guards
(define-fun |guard up| () Bool (and
  (= |v phase| |label boot|)
  (or (= |v optee.at| |label bound|) (= |v optee.at| |label failed|))
  (or (= |v bnxt.at| |label bound|) (= |v bnxt.at| |label failed|))))
(define-fun |guard optee.probe.enable_shm_cache.enables| () Bool (and (= |v phase| |label boot|) (or (= |v optee.at| |label off|) (= |v optee.at| |label wait_probe_1|))))
(define-fun |guard optee.probe.enumerate_devices.answers| () Bool (and (= |v phase| |label boot|) (or (= |v optee.at| |label probe_1|) (= |v optee.at| |label wait_probe_2|))))
(define-fun |guard bnxt.probe.deferred| () Bool (and
  (and (= |v phase| |label boot|) (= |v bnxt.at| |label off|) (not (or (= |v optee.at| |label bound|) (= |v optee.at| |label shut|))))
  (or (= |v optee.at| |label bound|) (= |v optee.at| |label failed|))))
(define-fun |guard bnxt.probe.tee_client_open_session.opens| () Bool (and
  (and (= |v phase| |label boot|) (or (= |v bnxt.at| |label off|) (= |v bnxt.at| |label wait_probe_1|)) (or (= |v optee.at| |label bound|) (= |v optee.at| |label shut|)))
  (or (= |v optee.at| |label bound|) (= |v optee.at| |label failed|))
  (not (< (+ (* (- 1) |v tee.stale_bytes|) (ite (not (= |v bnxt.fw.state| |label none|)) (- 8288) 0) (ite |v bnxt.session| (- 176) 0) 45536) 272))))
(define-fun |guard bnxt.probe.tee_client_open_session.no_room| () Bool (and
  (and (= |v phase| |label boot|) (or (= |v bnxt.at| |label off|) (= |v bnxt.at| |label wait_probe_1|)) (or (= |v optee.at| |label bound|) (= |v optee.at| |label shut|)))
  (or (= |v optee.at| |label bound|) (= |v optee.at| |label failed|))
  (< (+ (* (- 1) |v tee.stale_bytes|) (ite (not (= |v bnxt.fw.state| |label none|)) (- 8288) 0) (ite |v bnxt.session| (- 176) 0) 45536) 272)))
(define-fun |guard bnxt.probe.tee_shm_alloc(fw).registers| () Bool (and
  (and (= |v phase| |label boot|) (= |v bnxt.at| |label probe_1|))
  (or (= |v optee.at| |label bound|) (= |v optee.at| |label failed|))
  (not (< (+ (* (- 1) |v tee.stale_bytes|) (ite (not (= |v bnxt.fw.state| |label none|)) (- 8288) 0) (ite |v bnxt.session| (- 176) 0) 45536) 16592))))
(define-fun |guard bnxt.probe.tee_shm_alloc(fw).refused_by_residue| () Bool (and
  (and (= |v phase| |label boot|) (= |v bnxt.at| |label probe_1|))
  (or (= |v optee.at| |label bound|) (= |v optee.at| |label failed|))
  (< (+ (* (- 1) |v tee.stale_bytes|) (ite (not (= |v bnxt.fw.state| |label none|)) (- 8288) 0) (ite |v bnxt.session| (- 176) 0) 45536) 16592)
  (not (< (+ (ite (not (= |v bnxt.fw.state| |label none|)) (- 8288) 0) (ite |v bnxt.session| (- 176) 0) 45536) 16592))))
(define-fun |guard bnxt.probe.tee_shm_alloc(fw).refused| () Bool (and
  (and (= |v phase| |label boot|) (= |v bnxt.at| |label probe_1|))
  (or (= |v optee.at| |label bound|) (= |v optee.at| |label failed|))
  (< (+ (ite (not (= |v bnxt.fw.state| |label none|)) (- 8288) 0) (ite |v bnxt.session| (- 176) 0) 45536) 16592)))
(define-fun |guard bnxt.probe.tee_shm_alloc(fw).fails| () Bool (and
  (and (= |v phase| |label boot|) (= |v bnxt.at| |label probe_1|))
  (or (= |v optee.at| |label bound|) (= |v optee.at| |label failed|))))
(define-fun |guard begin.prod -kexec-> prod| () Bool (= |v phase| |label up|))
(define-fun |guard jump.prod -kexec-> prod| () Bool (and
  (and (= |v phase| |label down|) (= |v leaving| |label prod -kexec-> prod|))
  (or (= |v optee.at| |label shut|) (= |v optee.at| |label failed|) (= |v optee.at| |label off|) (= |v optee.at| |label bound|))
  (or (= |v bnxt.at| |label shut|) (= |v bnxt.at| |label failed|) (= |v bnxt.at| |label off|) (= |v bnxt.at| |label bound|))))

; what becomes of each variable
(define-fun |after phase| () Int 
  (ite (= |fired| |rule up|) |label up|
  (ite (= |fired| |rule begin.prod -kexec-> prod|) |label down|
  (ite (= |fired| |rule jump.prod -kexec-> prod|) |label boot| |v phase|))))
(define-fun |after leaving| () Int 
  (ite (= |fired| |rule begin.prod -kexec-> prod|) |label prod -kexec-> prod|
  (ite (= |fired| |rule jump.prod -kexec-> prod|) |label none| |v leaving|)))
(define-fun |after entered| () Int 
  (ite (= |fired| |rule jump.prod -kexec-> prod|) |label kexec| |v entered|))
(define-fun |after tee.cache_on| () Bool 
  (ite (= |fired| |rule optee.probe.enable_shm_cache.enables|) true |v tee.cache_on|))
(define-fun |after tee.stale_bytes| () Int 
  (ite (= |fired| |rule jump.prod -kexec-> prod|) (ite (not (< 65536 (+ |v tee.stale_bytes| (ite (not (= |v bnxt.fw.state| |label none|)) 8288 0) (ite |v bnxt.session| 176 0)))) (+ |v tee.stale_bytes| (ite (not (= |v bnxt.fw.state| |label none|)) 8288 0) (ite |v bnxt.session| 176 0)) 65536) |v tee.stale_bytes|))
(define-fun |after optee.at| () Int 
  (ite (= |fired| |rule optee.probe.enable_shm_cache.enables|) |label probe_1|
  (ite (= |fired| |rule optee.probe.enumerate_devices.answers|) |label bound|
  (ite (= |fired| |rule jump.prod -kexec-> prod|) |label off| |v optee.at|))))
(define-fun |after bnxt.fw.state| () Int 
  (ite (= |fired| |rule bnxt.probe.tee_client_open_session.no_room|) |label none|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).registers|) |label registered|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused_by_residue|) |label none|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused|) |label none|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).fails|) |label none|
  (ite (= |fired| |rule jump.prod -kexec-> prod|) |label none| |v bnxt.fw.state|)))))))
(define-fun |after bnxt.fw.left| () Bool 
  (ite (= |fired| |rule jump.prod -kexec-> prod|) (or |v bnxt.fw.left| (not (= |v bnxt.fw.state| |label none|))) |v bnxt.fw.left|))
(define-fun |after bnxt.session| () Bool 
  (ite (= |fired| |rule bnxt.probe.tee_client_open_session.opens|) true
  (ite (= |fired| |rule bnxt.probe.tee_client_open_session.no_room|) false
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused_by_residue|) false
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused|) false
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).fails|) false
  (ite (= |fired| |rule jump.prod -kexec-> prod|) false |v bnxt.session|)))))))
(define-fun |after bnxt.orphan| () Bool 
  (ite (= |fired| |rule jump.prod -kexec-> prod|) (or |v bnxt.orphan| |v bnxt.session|) |v bnxt.orphan|))
(define-fun |after bnxt.refused| () Bool 
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused_by_residue|) true
  (ite (= |fired| |rule jump.prod -kexec-> prod|) false |v bnxt.refused|)))
(define-fun |after bnxt.lost| () Int 
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused_by_residue|) |label leak|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused|) |label leak|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).fails|) |label leak|
  (ite (= |fired| |rule jump.prod -kexec-> prod|) |label none| |v bnxt.lost|)))))
(define-fun |after bnxt.at| () Int 
  (ite (= |fired| |rule bnxt.probe.deferred|) |label failed|
  (ite (= |fired| |rule bnxt.probe.tee_client_open_session.opens|) |label probe_1|
  (ite (= |fired| |rule bnxt.probe.tee_client_open_session.no_room|) |label failed|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).registers|) |label bound|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused_by_residue|) |label failed|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused|) |label failed|
  (ite (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).fails|) |label failed|
  (ite (= |fired| |rule jump.prod -kexec-> prod|) |label off| |v bnxt.at|)))))))))

(define-fun |step| () Bool (and
  (<= 0 |fired|) (< |fired| 12)
  (=> (= |fired| |rule up|) |guard up|)
  (=> (= |fired| |rule optee.probe.enable_shm_cache.enables|) |guard optee.probe.enable_shm_cache.enables|)
  (=> (= |fired| |rule optee.probe.enumerate_devices.answers|) |guard optee.probe.enumerate_devices.answers|)
  (=> (= |fired| |rule bnxt.probe.deferred|) |guard bnxt.probe.deferred|)
  (=> (= |fired| |rule bnxt.probe.tee_client_open_session.opens|) |guard bnxt.probe.tee_client_open_session.opens|)
  (=> (= |fired| |rule bnxt.probe.tee_client_open_session.no_room|) |guard bnxt.probe.tee_client_open_session.no_room|)
  (=> (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).registers|) |guard bnxt.probe.tee_shm_alloc(fw).registers|)
  (=> (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused_by_residue|) |guard bnxt.probe.tee_shm_alloc(fw).refused_by_residue|)
  (=> (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).refused|) |guard bnxt.probe.tee_shm_alloc(fw).refused|)
  (=> (= |fired| |rule bnxt.probe.tee_shm_alloc(fw).fails|) |guard bnxt.probe.tee_shm_alloc(fw).fails|)
  (=> (= |fired| |rule begin.prod -kexec-> prod|) |guard begin.prod -kexec-> prod|)
  (=> (= |fired| |rule jump.prod -kexec-> prod|) |guard jump.prod -kexec-> prod|)
  (= |v phase'| |after phase|)
  (= |v leaving'| |after leaving|)
  (= |v entered'| |after entered|)
  (= |v tee.cache_on'| |after tee.cache_on|)
  (= |v tee.stale_bytes'| |after tee.stale_bytes|)
  (= |v optee.at'| |after optee.at|)
  (= |v bnxt.fw.state'| |after bnxt.fw.state|)
  (= |v bnxt.fw.left'| |after bnxt.fw.left|)
  (= |v bnxt.session'| |after bnxt.session|)
  (= |v bnxt.orphan'| |after bnxt.orphan|)
  (= |v bnxt.refused'| |after bnxt.refused|)
  (= |v bnxt.lost'| |after bnxt.lost|)
  (= |v bnxt.at'| |after bnxt.at|)))
