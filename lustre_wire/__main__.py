"""``python -m lustre_wire``."""

from lustre_wire.cli.main import main

if __name__ == "__main__":
    main()
