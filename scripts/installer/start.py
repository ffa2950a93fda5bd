"""Where the bundle's program starts: the same door as the installed command's, after what only a bundle needs."""

import os
import sys


def prepare() -> None:
    """Let other programs that we start (a browser, the host) find their own libraries, and Qt its plug-ins."""
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        # The bootloader has pointed it into the bundle and kept what was there; ours are loaded by their full path.
        before = os.environ.pop(f"{name}_ORIG", None)
        if before is not None:
            os.environ[name] = before
        else:
            os.environ.pop(name, None)
    # The host that the app starts is this program again: it must set its path anew, not trust the one just taken away.
    os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    if sys.platform in ("win32", "darwin"):
        # On Linux Qt finds them from where its own library is.
        inside = ("PySide6", "plugins") if sys.platform == "win32" else ("PySide6", "Qt", "plugins")
        os.environ["QT_PLUGIN_PATH"] = os.path.join(getattr(sys, "_MEIPASS", ""), *inside)


if __name__ == "__main__":
    prepare()
    from mrsambosk_desktop.__main__ import main

    sys.exit(main())
