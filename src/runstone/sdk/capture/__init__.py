"""What a run records of its surroundings: code, packages, machine. Done in a process of its own, so
that training waits for none of it.

Each module has one function that returns what it found; `__main__` writes it into a journal of the
run. Times out rather than hangs, and leaves out what it cannot find.
"""
