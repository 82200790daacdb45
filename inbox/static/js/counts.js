// The rail's counts and the tab's title, asked for again some time after something changed.

import { $, $$, ask, swap } from "./page.js";

let waiting = null;

/** Ask for fresh counts soon; many changes make one question. */
export function refreshCounts(soon = 600) {
  if (waiting || document.hidden) return;
  waiting = setTimeout(async () => {
    waiting = null;
    const place = $("#rail-views");
    if (!place) return;
    const view = $("#queue")?.dataset.view;
    try {
      await swap(place, await ask(`/queue/counts${view ? `?view=${view}` : ""}`, { as: "html" }), "innerMorph");
      const said = $(`a[data-view="${view}"]`, place)?.dataset.said;
      const head = $("#queue-said");
      if (said && head?.textContent) head.textContent = said; // a list that is narrowed says no count
      writeTitle();
    } catch {
      // the next change asks again
    }
  }, soon + Math.random() * 400);
}

let own = document.title;

/** Say what the page is about now. */
export function setTitle(text) {
  own = `${text} · Relevo`;
  writeTitle();
}

/** Put the number of people who wait for the member before the title. */
export function writeTitle() {
  const mine = $$("#rail-views a[data-view=mine] .n")[0];
  const count = mine?.textContent.trim();
  document.title = count ? `(${count}) ${own}` : own;
}
