// A held reply counts down to its leaving, and can be taken back until then.

import { $, $$, say } from "./page.js";
import { reloadComposer } from "./composer.js";
import { refresh } from "./pane.js";

function tick() {
  for (const element of $$(".delivery[data-leaves-at]")) {
    const leaves = Date.parse(element.dataset.leavesAt);
    const whole = Math.max(1, leaves - Date.parse(element.dataset.createdAt));
    const left = leaves - Date.now();
    const bar = $("progress", element);
    if (bar) bar.value = Math.min(1, Math.max(0, 1 - left / whole));
    const words = left > 0 ? say("leaves_in", { n: Math.ceil(left / 1000) }) : say("leaving_now");
    const place = $("[data-countdown]", element);
    if (place.textContent !== words) place.textContent = words;
  }
}

/** Show how long held replies can still be taken back, and bring a taken back text home. */
export function startCountdown() {
  setInterval(tick, 200);
  setInterval(() => { if ($(".delivery[data-state=held], .delivery[data-state=queued], .delivery[data-state=sending]") && !document.hidden) refresh(); }, 5000);
  document.addEventListener("relevo:delivery", async () => {
    await refresh();
    await reloadComposer();
    $("#compose textarea")?.focus();
  });
}
