// Whether a conversation belongs to the list that is shown; the server decides the same way in SQL.

import { $, config } from "./page.js";

const BY_DEADLINE = {
  due_today: (due, shown, now) => due > now && due < Date.parse(shown.dayEnds),
  overdue: (due, shown, now) => due <= now,
};
const STATUSES = { snoozed: ["snoozed"], no_answer: ["open", "snoozed", "done"] };
const OWN = {
  mine: (row) => row.assignee === String(config.member),
  unassigned: (row) => !row.assignee && row.noAnswer !== "1",
  no_answer: (row) => row.noAnswer === "1",
};

/** Tell whether the list holds what is due, soonest first, whatever its status. */
export const isByDeadline = (shown = $("#queue")?.dataset) => Boolean(shown && BY_DEADLINE[shown.view]);

/** Tell whether a row (its dataset) belongs to the list and passes its filters. */
export function belongs(row, shown = $("#queue")?.dataset) {
  if (!shown) return false;
  const isDue = BY_DEADLINE[shown.view];
  if (isDue && !(row.due && isDue(Date.parse(row.due), shown, Date.now()))) return false;
  const statuses = shown.status ? [shown.status] : STATUSES[shown.view] ?? ["open"];
  if ((shown.status || !isDue) && !statuses.includes(row.status)) return false;
  if (OWN[shown.view] && !OWN[shown.view](row)) return false;
  if (shown.channel && row.channel !== shown.channel) return false;
  if (shown.team && row.team !== shown.team) return false;
  if (shown.kind && row.kind !== shown.kind) return false;
  return !shown.label || (row.labels ?? "").split(" ").includes(shown.label);
}
