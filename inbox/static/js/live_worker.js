// The shared worker: one stream for all tabs of this browser.

import { readStream } from "./stream_reader.js";

const ports = new Set();
let stop = null;
let isUp = false;
let quiet = null;

function tell(name, data) {
  if (name === "up") isUp = true;
  if (name === "down") isUp = false;
  // Whoever signs in again, or may see something else from now on, comes back for a stream of their own.
  if (name === "closed") [stop, isUp] = [null, false];
  for (const port of ports) port.postMessage({ name, data });
}

addEventListener("connect", (event) => {
  const port = event.ports[0];
  port.addEventListener("message", ({ data }) => {
    if (data.leave) {
      ports.delete(port);
      if (!ports.size) quiet = setTimeout(() => { stop?.(); stop = null; }, 5000);
      return;
    }
    ports.add(port);
    clearTimeout(quiet);
    if (stop) port.postMessage({ name: isUp ? "up" : "down", data: null });
    else stop = readStream(data.url, tell);
  });
  port.start();
});
