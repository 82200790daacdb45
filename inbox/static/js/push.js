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

/** Wait until a service worker runs; one whose installation fails never does. */
function running(worker) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === "activated") resolve();
      if (worker.state === "redundant") reject(new Error("redundant"));
    };
    worker.addEventListener("statechange", look);
    look();
  });
}

async function register() {
  const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE, updateViaCache: "none" });
  if (!registration.active) await running(registration.installing ?? registration.waiting);
  return registration;
}

async function subscribe(registration, key) {
  // An older subscription is bound to a key that was made for it alone, and no method of the member's has it.
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
  const isAdded = async () => {
    const subscription = await present();
    return Boolean(subscription) && form.dataset.pushMarks.split(" ").includes(await markOf(subscription));
  };
  isAdded().then((is) => is && show(form, "already"), () => {});
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    let why = "refused";
    try {
      if (await Notification.requestPermission() !== "granted") {
        show(form, "denied");
        return;
      }
      if (await isAdded()) {
        show(form, "already");
        return;
      }
      why = "broken";
      const registration = await register();
      why = "refused";
      const given = (await subscribe(registration, form.dataset.pushKey)).toJSON();
      form.elements.endpoint.value = given.endpoint;
      form.elements.p256dh.value = given.keys.p256dh;
      form.elements.auth.value = given.keys.auth;
      form.submit();
    } catch {
      show(form, why);
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
