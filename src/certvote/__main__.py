"""``python -m certvote`` is the ``certvote`` command."""

from certvote.cli import main

if __name__ == "__main__":
    main()
