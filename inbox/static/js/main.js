// Starts what this page needs.

import { $, config } from "./page.js";
import { startActs } from "./acts.js";
import { startArrivals } from "./arrivals.js";
import { startComposer } from "./composer.js";
import { startCountdown } from "./countdown.js";
import { writeTitle } from "./counts.js";
import { startDues } from "./dues.js";
import { startDialogs } from "./dialogs.js";
import { startFilter } from "./filter.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startMore } from "./more.js";
import { startPane } from "./pane.js";
import { startRefresh } from "./refresh.js";
import { startSaved } from "./saved.js";
import { startTimes } from "./times.js";
import { startToasts } from "./toasts.js";

document.documentElement.classList.add("scripts");
startTimes();
startToasts();
startDialogs();
startKeys();
startActs();
if ($("#queue")) {
  startArrivals();
  startMore();
  startComposer();
  startCountdown();
  startDues();
  startFilter();
  startPane();
  startSaved();
  writeTitle();
}
if (config.member) {
  startLive();
  startRefresh();
}

// A picture that can't be had leaves its words: initials, or its description.
document.addEventListener("error", (event) => {
  const picture = event.target;
  if (!(picture instanceof HTMLImageElement)) return;
  if (picture.closest(".pictures")) picture.closest("a").replaceWith(Object.assign(document.createElement("span"), { className: "attached", textContent: picture.alt }));
  else picture.remove();
}, true);

const showConnection = () => document.body.classList.toggle("is-offline", !navigator.onLine);
addEventListener("online", showConnection);
addEventListener("offline", showConnection);
showConnection();
