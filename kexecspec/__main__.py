"""`python -m kexecspec`."""

import sys

from kexecspec.cli import main

sys.exit(main())
