// Words every <time> in the viewer's language and zone, and keeps the words right as time passes.

import { $$, config, say } from "./page.js";

const locale = config.locale || document.documentElement.lang || "en";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const formats = new Map();

function format(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, options));
  return formats.get(key);
}

/** Say a length as people do: 41 min, 2 h 10, 3 d 4 h. */
export function lengthWords(milliseconds) {
  const minutes = Math.floor(milliseconds / MINUTE);
  if (minutes < 1) return say("now");
  if (minutes < 60) return say("minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 10) {
    const rest = minutes % 60;
    return rest ? say("hours_minutes", { h: hours, m: String(rest).padStart(2, "0") }) : say("hours", { n: hours });
  }
  if (hours < 48) return say("hours", { n: hours });
  return say("days", { n: Math.floor(hours / 24) });
}

function dayOffset(at, now) {
  const start = (time) => new Date(time.getFullYear(), time.getMonth(), time.getDate());
  return Math.round((start(at) - start(now)) / DAY);
}

const hourMinute = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

function atWords(at, now) {
  const clock = format(hourMinute).format(at);
  const offset = dayOffset(at, now);
  if (offset === 0) return clock;
  if (offset === -1) return `${say("yesterday")} ${clock}`;
  if (offset === 1) return `${say("tomorrow")} ${clock}`;
  const sameYear = at.getFullYear() === now.getFullYear();
  const day = format({ day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) }).format(at);
  return `${day} ${clock}`;
}

function monthWords(at, now) {
  if (now - at < DAY && dayOffset(at, now) === 0) return format(hourMinute).format(at);
  if (at.getFullYear() === now.getFullYear()) return format({ day: "numeric", month: "short" }).format(at);
  return format({ month: "short", year: "numeric" }).format(at);
}

/** Say what is left until a deadline, or since when it is over; one that is a day away is named. */
function dueWords(at, now) {
  if (at <= now) return say("late", { time: lengthWords(now - at) });
  return at - now > DAY ? say("due", { time: atWords(at, now) }) : say("left", { time: lengthWords(at - now) });
}

/** Mark a deadline by how near it is, as inbox/conversations/dues.py does. */
function markDue(element, at, now) {
  const state = at <= now ? "late" : new Date(element.dataset.soon) <= now ? "soon" : "calm";
  if (element.classList.contains(state)) return;
  element.classList.remove("calm", "soon", "late");
  element.classList.add(state);
}

const FORMS = {
  due: dueWords,
  wait: (at, now) => say("waits", { time: lengthWords(Math.max(0, now - at)) }),
  ago: (at, now) => (now - at < MINUTE ? say("just_now") : say("ago", { time: lengthWords(now - at) })),
  in: (at, now) => (at <= now ? say("just_now") : say("in", { time: lengthWords(at - now) })),
  until: (at, now) => say("until", { time: atWords(at, now) }),
  at: atWords,
  when: (at, now) => (Math.abs(at - now) < 6 * DAY ? `${format({ weekday: "short" }).format(at)} ${atWords(at, now)}` : atWords(at, now)),
  day: (at) => format({ day: "numeric", month: "short", year: "numeric" }).format(at),
  month: monthWords,
};

function titleOf(element, at) {
  const time = format({ dateStyle: "full", timeStyle: "long" }).format(at);
  return element.dataset.form === "due" ? say("due", { time }) : time;
}

/** Word one element. */
function wordOne(element, now) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const words = FORMS[element.dataset.form ?? "at"]?.(at, now) ?? atWords(at, now);
  if (element.textContent !== words) element.textContent = words;
  if (element.dataset.form === "due") markDue(element, at, now);
  if (!element.title) element.title = titleOf(element, at);
}

/** Draw what is left of a ring. */
function drawPart(part, now) {
  const due = new Date(part.dataset.due);
  const started = new Date(part.dataset.started);
  const left = due > now && due > started ? Math.min(100, Math.max(1, Math.round((100 * (due - now)) / (due - started)))) : 0;
  part.setAttribute("stroke-dasharray", `${left} 100`);
  markDue(part, due, now);
}

/** Word every time below `root`. */
export function wordTimes(root = document) {
  const now = new Date();
  if (root.matches?.("time[datetime]")) wordOne(root, now);
  for (const element of $$("time[datetime]", root)) wordOne(element, now);
  for (const part of $$(".ring [data-due]", root)) drawPart(part, now);
}

/** Keep all times worded: what is added, and what grows old. */
export function startTimes() {
  wordTimes();
  const options = { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["datetime"] };
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.nodeType === Node.ELEMENT_NODE) wordTimes(node);
      const time = (change.target.nodeType === Node.TEXT_NODE ? change.target.parentElement : change.target)?.closest?.("time");
      if (change.type === "attributes") time.removeAttribute("title");
      if (time) wordTimes(time);
    }
  }).observe(document.body, options);
  setInterval(() => wordTimes(), 20_000);
}
