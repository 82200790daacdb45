"""A sending worker whose task gives a thread something that takes its time: started and ended by test_ending.py.

python -P -m celery -A tests.workers.ending_worker worker …
"""

import os
import threading
from pathlib import Path

from workers.app import celery
from workers.crew import Work, crew_of

app = celery


@celery.task(name="tests.take_time")
def take_time(folder: str, name: str, seconds: float) -> None:
    """Let a thread write down that it has begun, wait, and write down that it has ended."""
    place = Path(folder)

    def work() -> None:
        (place / f"{name}.begun").write_text(str(os.getpid()))
        threading.Event().wait(seconds)
        (place / f"{name}.ended").touch()

    left: list[Work] = [work]
    crew_of("test", 2).work_off(lambda: left.pop() if left else None)
