"""Nobody sees or changes what is not theirs: every route, tried with foreign ids."""
