// The service worker that shows what a push service hands over. Its scope is its own folder: it stands before no page.

const addressOf = (given) => {
  // Whatever address the installation calls itself by, only its own pages are opened.
  const url = new URL(given || "/", self.location.origin);
  return new URL(`${url.pathname}${url.search}`, self.location.origin).href;
};

function read(data) {
  try {
    return data.json();
  } catch {
    return {};
  }
}

self.addEventListener("push", (event) => {
  const said = read(event.data);
  const actions = said.acknowledge_url ? [{ action: "acknowledge", title: said.acknowledge_word }] : [];
  event.waitUntil(self.registration.showNotification(said.title || "Relevo", {
    body: said.body || "",
    tag: said.tag || "relevo",
    renotify: true,
    lang: said.lang || "",
    requireInteraction: Boolean(said.is_alert),
    actions,
    data: { url: addressOf(said.url), acknowledge: said.acknowledge_url ? addressOf(said.acknowledge_url) : null },
  }));
});

async function open(url) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((one) => one.url === url);
  return there ? there.focus() : self.clients.openWindow(url);
}

// The button opens the page that asks; nothing is acknowledged from here.
self.addEventListener("notificationclick", (event) => {
  const { url, acknowledge } = event.notification.data;
  event.notification.close();
  event.waitUntil(open(event.action === "acknowledge" && acknowledge ? acknowledge : url));
});

self.addEventListener("install", () => self.skipWaiting());
