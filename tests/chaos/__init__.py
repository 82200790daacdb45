"""Chaos with a ledger: the whole product under random faults, then a judge compares it with what the platforms know.

    ./relevo chaos --seed N [--database sqlite|postgresql] [--pace 10] [--minutes M] [--mutant NAME] [--doubled]
                   [--power]

The run (here) starts every process, makes traffic, lets members work through the public pages, breaks what it can by
the seed, heals, and waits until all is at rest. The judge (tests/chaos/judging) then reads the sandbox's ledger and the
product's tables with its own reading of the rules. Neither imports anything of inbox or workers: what they
share with the product could hide its faults. Of `launcher` only what starts servers and reads the Procfile is used, of
`sandbox` only its phrases.
"""
