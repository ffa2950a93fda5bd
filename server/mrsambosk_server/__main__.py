"""``python -m mrsambosk_server``: the host."""

import sys

from mrsambosk_server.cli import main

sys.exit(main())
