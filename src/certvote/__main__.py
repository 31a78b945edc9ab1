"""Run the ``certvote`` command as ``python -m certvote``."""

from certvote.cli import main

if __name__ == "__main__":
    main()
