"""What a person can do, told as the issue tells it: real processes, a real browser, the sandbox's own HTTP."""
