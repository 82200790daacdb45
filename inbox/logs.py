"""How a process writes its log: one line for each event, in UTC, with whatever looks like a secret taken out."""

import logging
import os
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from inbox.security import scrub


def set_up() -> None:
    """Write events of RELEVO_LOG_LEVEL (info) and above to the standard error output."""
    wanted = logging.getLevelNamesMapping().get(os.environ.get("RELEVO_LOG_LEVEL", "info").upper(), logging.INFO)
    structlog.configure(
        processors=[
            _from_level(wanted),  # here, not in the wrapper: a test that captures events sees all of them
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_secrets_in_values,  # while quotes are not escaped yet
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False),
            _without_secrets,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,  # tests look at events by changing the processors
    )


def _from_level(wanted: int) -> Processor:
    levels = logging.getLevelNamesMapping()

    def drop_below(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if levels.get(method.upper(), logging.ERROR) < wanted:
            raise structlog.DropEvent
        return event

    return drop_below


def _to_stderr(*_: object) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)


def _without_secrets(_logger: WrappedLogger, _method: str, line: str | EventDict) -> str:
    return scrub(str(line))


def _without_secrets_in_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: scrub(value) if isinstance(value, str) else value for name, value in event.items()}
