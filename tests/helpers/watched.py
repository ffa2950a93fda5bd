"""What a model tells its views."""

from PySide6.QtCore import QAbstractItemModel

Told = list[tuple[str, int, int]]


def watch(model: QAbstractItemModel) -> Told:
    """What views are told: (what, first, last)."""
    told: Told = []
    model.rowsInserted.connect(lambda _p, first, last: told.append(("inserted", first, last)))
    model.rowsRemoved.connect(lambda _p, first, last: told.append(("removed", first, last)))
    model.rowsMoved.connect(lambda _p, first, last, _d, to: told.append(("moved", first, to)))
    model.dataChanged.connect(lambda first, last, _roles: told.append(("changed", first.row(), last.row())))
    model.modelReset.connect(lambda: told.append(("reset", 0, 0)))
    return told
