"""`python -m beamshell` is the command `beamshell`."""

import sys

from beamshell.shell.launch import main

sys.exit(main())
