"""The command `beamshell`, also as `python -m beamshell`: it imports nothing before Ctrl+C has its one line."""

import sys


def main() -> int:
    """Run one console from its start to its end; its exit status."""
    try:
        from beamshell.shell.launch import main as run

        return run()
    except KeyboardInterrupt:  # while that was being imported
        sys.stderr.write("beamshell: interrupted\n")
        return 130


if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the working folder: nothing that lies there may be imported in place of a library
    sys.exit(main())
