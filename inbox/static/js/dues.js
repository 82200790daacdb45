// Deadlines pass by themselves: rows leave "Due today", counts are asked for again, and a new day is a new list.

import { $ } from "./page.js";
import { askToReload, lookAgain } from "./arrivals.js";
import { refreshCounts } from "./counts.js";
import { allRows } from "./rows.js";
import { isByDeadline } from "./views.js";

const EVERY_MILLISECONDS = 10_000;
let lookedAt = Date.now();

const hasPassed = (time, now) => time > lookedAt && time <= now;

function look() {
  const now = Date.now();
  const isAnyDue = allRows().some((row) => hasPassed(Date.parse(row.dataset.due), now));
  const isNewDay = hasPassed(Date.parse($("#queue").dataset.dayEnds), now);
  lookedAt = now;
  if (isAnyDue || isNewDay) refreshCounts();
  if ($("#queue").dataset.view === "due_today") lookAgain(); // what is overdue stays so
  if (isNewDay && isByDeadline()) askToReload();
}

/** Look again and again which deadlines have passed. */
export function startDues() {
  setInterval(look, EVERY_MILLISECONDS);
}
