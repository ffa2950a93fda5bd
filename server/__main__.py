"""``python server`` from a bare checkout: the host, without installing anything but its libraries."""

import sys

from mrsambosk_server.cli import main

sys.exit(main())
