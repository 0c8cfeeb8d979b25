"""`python -m beamshell` is the command `beamshell`."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the working folder: nothing that lies there may be imported in place of a library

from beamshell.shell.launch import main

sys.exit(main())
