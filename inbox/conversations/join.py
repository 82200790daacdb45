"""Two threads turn out to be one (RULES A5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from inbox.conversations.models import Thread


@dataclass(frozen=True)
class Joined:
    """What became of the loser: its messages' new seqs, and which conversation each of its own folded into."""

    winner: Thread
    loser_id: int
    seqs: Mapping[int, int] = field(default_factory=dict)
    conversations: Mapping[int, int] = field(default_factory=dict)

    def seq_after(self, old_seq: int) -> int:
        """Return the new seq that stands for "everything up to `old_seq`" of the loser; 0: nothing."""
        return max((new for old, new in self.seqs.items() if old <= old_seq), default=0)


def join(session: Session, one: Thread, other: Thread) -> Joined:
    """Join two threads of a channel; the older row wins, whichever is named first.

    Locks both by rising id. Messages move and get new seqs above the winner's highest in their old order;
    conversations of one contact fold (the older row's work stays, labels and notes come together), others
    move whole; what stopped awaiting stays so. The caller calls replies.move with the result.
    """
    raise NotImplementedError
