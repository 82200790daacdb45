// This browser as a way to be reached: it is subscribed, found among the member's methods, and let go of.

import { $, $$ } from "./page.js";

const WORKER = new URL("push_worker.js", import.meta.url);
WORKER.search = "";
const SCOPE = new URL("./", WORKER).pathname;

/** Return why this browser can't be told anything, or "". */
function whyNot() {
  if (!window.isSecureContext) return "insecure";
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return "unable";
  return Notification.permission === "denied" ? "denied" : "";
}

function show(root, why) {
  for (const one of $$("[data-push-why]", root)) one.hidden = one.dataset.pushWhy !== why;
}

const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

async function subscribe(key) {
  const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE, updateViaCache: "none" });
  if (!registration.active) {
    const worker = registration.installing ?? registration.waiting;
    await new Promise((resolve) => { worker.addEventListener("statechange", () => worker.state === "activated" && resolve()); });
  }
  // An older subscription is bound to a key that was made for it alone.
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) });
}

async function present() {
  if (whyNot() === "insecure" || whyNot() === "unable") return null;
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  return (await registration?.pushManager.getSubscription()) ?? null;
}

async function markOf(subscription) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subscription.endpoint));
  return [...new Uint8Array(hash)].map((one) => one.toString(16).padStart(2, "0")).join("");
}

function startAdding(form) {
  show(form, whyNot());
  const button = $("button", form);
  button.disabled = ["insecure", "unable"].includes(whyNot());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      if (await Notification.requestPermission() !== "granted") {
        show(form, "denied");
        return;
      }
      const given = (await subscribe(form.dataset.pushKey)).toJSON();
      form.elements.endpoint.value = given.endpoint;
      form.elements.p256dh.value = given.keys.p256dh;
      form.elements.auth.value = given.keys.auth;
      form.submit();
    } catch {
      show(form, "refused");
    } finally {
      button.disabled = false;
    }
  });
}

async function startListing(forms) {
  const subscription = await present();
  const mine = subscription && await markOf(subscription);
  for (const form of forms.filter((one) => mine && one.dataset.pushMark === mine)) {
    const here = $("[data-push-here]", form.closest(".card"));
    if (here) here.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await subscription.unsubscribe().catch(() => false);
      form.submit();
    });
  }
}

/** Let a member add or remove this browser, on the pages that are about it. */
export function startPush() {
  const form = $("form[data-push-key]");
  if (form) startAdding(form);
  const forms = $$("form[data-push-mark]");
  if (forms.length) void startListing(forms);
}
