"""The checker, checked: any number of random cases on generated platforms, each repeatable by name.

A case is called KIND:SEED.NUMBER. SEED makes a platform (tests/generated), NUMBER says which case of that kind on it:
- agreement: a property, judged by `solve` and by `explore`; the same verdict and the same number of handoffs;
- solver: the same, with the solver's own look at states switched off, so that the two share nothing but the system;
- walk: a random walk of the machine, accepted by the rules step by step;
- run: a random run of the rules, performed by the machine step by step;
- replay: a refuted property's counterexample, which the machine must confirm;
- converse: a long random life of the machine, which suffers no harm of any property that was proved.
"""
