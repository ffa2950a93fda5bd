"""The one owner of asyncio tasks: who starts one starts it here, and no task fails unheard or outlives its owner.

Not for awaiting a result: a coroutine whose result is wanted is awaited where it is called.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class Tasks:
    """Args:
    failed: called with the task's name and its exception; without it the failure is logged as an error.
    """

    def __init__(self, failed: Callable[[str, BaseException], None] | None = None) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failed = failed
        self._closed = False

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `work` in the running loop. After `aclose` the work is dropped, unrun, and a done task is given back."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        if self._closed:
            task.cancel()
        return task

    def __len__(self) -> int:
        return len(self._tasks)

    async def aclose(self) -> None:
        """Cancel all and wait until each is gone. Tasks started meanwhile are cancelled too."""
        self._closed = True
        current = asyncio.current_task()
        while waiting := [task for task in self._tasks if task is not current]:
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._failed is not None:
            self._failed(task.get_name(), error)
        else:
            _log.error("Task %s failed", task.get_name(), exc_info=error)
