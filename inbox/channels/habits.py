"""Whether a silence is odd: compared with what the same hours of the weeks before brought; pure (RULES E4)."""

from collections.abc import Sequence
from dataclasses import dataclass

WEEKS = 8
FEWEST_WEEKS = 2
ODD_BELOW = 0.001
# Jeffreys' prior for a rate: what was never seen may still happen.
_PRIOR = 0.5


@dataclass(frozen=True)
class Silence:
    """A silence of whole hours, and what those hours brought in the weeks before: `before`, last week first."""

    hours: int
    before: tuple[int, ...]
    is_longer: bool = False  # than the week of it that is compared

    @property
    def chance(self) -> float:
        """How likely nothing at all would be by accident, if these hours were like those before.

        The number of messages is taken as Poisson's with a rate that is known only from `before`, so that few weeks
        leave much open: two weeks with three messages each make 3 %, eight of them less than 0.5 %.
        """
        weeks = len(self.before)
        return float((weeks / (weeks + 1)) ** (sum(self.before) + _PRIOR)) if weeks else 1.0

    @property
    def is_known(self) -> bool:
        """Whether there is enough to compare with."""
        return self.hours > 0 and len(self.before) >= FEWEST_WEEKS

    @property
    def is_odd(self) -> bool:
        """Whether it is beyond the habit: never so silent before, and hardly by accident.

        People come in bursts, which Poisson does not know: so a single week that was as silent speaks against it.
        """
        return self.is_known and min(self.before) > 0 and self.chance < ODD_BELOW


def compare(hours: int, before: Sequence[int], *, is_longer: bool = False) -> Silence:
    """Return a silence beside the same hours of earlier weeks."""
    return Silence(hours, tuple(before[:WEEKS]), is_longer)
