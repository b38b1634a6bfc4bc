"""`python -m hub` is the command `./campushub`."""

import sys

from hub.cli import main

sys.exit(main())
