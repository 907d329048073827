"""`python -m runstone` is the `runstone` command."""

from runstone.cli.main import main

if __name__ == "__main__":
    main()
