"""A write whose time ended before its first byte sends nothing: a process that stood still must not speak."""

import time

import pytest

from inbox import guard
from inbox.fetch import Fetcher, FetchError
from inbox.guard import Call
from tests.inbox.wire import answering, reply


def test_a_call_knows_when_it_is_over() -> None:
    assert Call(time.monotonic() - 0.001).is_over()
    assert not Call(time.monotonic() + 60).is_over()


@pytest.mark.parametrize("stands_still", [False, True])
def test_nothing_is_written_once_the_time_is_over(monkeypatch: pytest.MonkeyPatch, stands_still: bool) -> None:
    class Stopped(guard._Stream):
        """The process is stopped after it connected and goes on long afterwards."""

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            if stands_still:
                guard._CALL.get().ends_at = time.monotonic() - 100
            super().write(buffer, timeout)

    monkeypatch.setattr(guard, "_Stream", Stopped)
    with answering(reply(b"x")) as wire:
        fetcher = Fetcher([wire.url])
        if not stands_still:
            assert fetcher.write(wire.url, body=b"{}").body == b"x"
            return
        with pytest.raises(FetchError) as caught:
            fetcher.write(wire.url, body=b"{}")
        assert (caught.value.code, caught.value.is_before_first_byte) == ("timeout", True)
        assert wire.requests == []
