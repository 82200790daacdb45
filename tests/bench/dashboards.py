"""dashboard_week and dashboard_year: the SLA page of a lead who sees forty channels, what is over counted before."""

from inbox import clock
from inbox.reports import days, months
from tests.bench.crowd import LEAD_ID
from tests.bench.stage import Stage
from tests.bench.visiting import Page, Pages, Visitor

# What the page can't do without: the sums of its range.
_SUMS = (
    "SELECT channel_id, team_id, priority, is_first, sum(in_time), sum(late), sum(overdue) FROM sla_day"
    " WHERE day >= (SELECT max(day) FROM sla_day_counted) - {days} GROUP BY channel_id, team_id, priority, is_first"
)


def open_week_on(stage: Stage) -> Pages:
    """Prepare the page of the last seven days."""
    return _open(stage, "dashboard_week", 7)


def open_year_on(stage: Stage) -> Pages:
    """Prepare the page of the last twelve months."""
    return _open(stage, "dashboard_year", 365)


def _open(stage: Stage, name: str, range_days: int) -> Pages:
    with stage.session() as session:
        for day in days.list_uncounted(session, clock.now()):
            days.count_day(session, day)
        for month in months.list_unsummed(session):
            months.sum_month(session, month)
        session.commit()
    visitor = Visitor(stage, LEAD_ID)
    return Pages(stage, [Page(name, "lead", visitor, f"/sla?range={range_days}", [_SUMS.format(days=range_days)])])
