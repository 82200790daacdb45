"""The service worker says what a push service hands over and opens the alert's page; a page says why it can't.

A headless Chromium hands real push messages to a service worker, but shows no notification and reaches no push service:
those two edges are the browser's and stand in for themselves here.
"""

from typing import Any

import pytest
from playwright.sync_api import Page, Worker, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.notifications.models import NotificationMethod
from inbox.notifications.senders.browser import as_message
from tests.browser.world import World
from tests.factories.notifications import make_letter
from tests.fixtures.desk import OpenAs
from tests.notifications.test_web_push import RFC_AUTH, RFC_BROWSER

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]
NEW = "/me/reach/new?kind=browser"
REGISTER = """async () => {
  const registration = await navigator.serviceWorker.register("/static/js/push_worker.js", {scope: "/static/js/"});
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (worker.state !== "activated") await new Promise((done) => {
    worker.addEventListener("statechange", () => worker.state === "activated" && done());
  });
}"""
KEEP_WHAT_IS_SHOWN = """() => {
  self.shown = [];
  self.opened = [];
  self.registration.showNotification = async (title, options) => self.shown.push({title, ...options});
  Object.defineProperty(self.clients, "openWindow", {configurable: true, value: async (url) => self.opened.push(url)});
}"""
TAKE_SHOWN = """async () => {
  for (let turn = 0; turn < 250 && !self.shown.length; turn += 1) await new Promise((done) => setTimeout(done, 20));
  return self.shown.shift();
}"""
CLICK = """async ([data, action]) => {
  const event = Object.assign(new ExtendableEvent("notificationclick"), {notification: {data, close() {}}, action});
  self.dispatchEvent(event);
  for (let turn = 0; turn < 250 && !self.opened.length; turn += 1) await new Promise((done) => setTimeout(done, 20));
  return self.opened.shift();
}"""
# A push service that subscribes whoever asks, and remembers it for the origin.
SUBSCRIBES = """() => {
  const make = () => ({
    endpoint: "https://push.example/p/s3cret",
    toJSON: () => ({endpoint: "https://push.example/p/s3cret", keys: {p256dh: "POINT", auth: "AUTH"}}),
    unsubscribe: async () => { localStorage.removeItem("subscribed"); return true; },
  });
  Object.defineProperty(Notification, "permission", {get: () => "granted"});
  Notification.requestPermission = async () => "granted";
  PushManager.prototype.subscribe = async ({applicationServerKey}) => {
    if (applicationServerKey.length !== 65) throw new Error("no key");
    localStorage.setItem("subscribed", "1");
    return make();
  };
  PushManager.prototype.getSubscription = async () => (localStorage.getItem("subscribed") ? make() : null);
}"""

FAILS_TO_INSTALL = """() => {
  const worker = Object.assign(new EventTarget(), {state: "installing"});
  ServiceWorkerContainer.prototype.register = async () => {
    setTimeout(() => { worker.state = "redundant"; worker.dispatchEvent(new Event("statechange")); });
    return {active: null, installing: worker};
  };
}"""


def deliver(page: Page, origin: str, message: str) -> None:
    """Hand a message to the service worker as the browser's push client does."""
    devtools = page.context.new_cdp_session(page)
    found: list[dict[str, Any]] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
    devtools.send("ServiceWorker.enable")
    while not found:
        page.evaluate("() => new Promise((done) => setTimeout(done, 10))")
    number = next(one["registrationId"] for one in found if one["scopeURL"].endswith("/static/js/"))
    devtools.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": number, "data": message})


def start_worker(page: Page) -> Worker:
    """Register the service worker and keep what it shows and opens."""
    page.evaluate(REGISTER)
    worker = page.context.service_workers[0]
    worker.evaluate(KEEP_WHAT_IS_SHOWN)
    return worker


def test_what_arrives_is_said_and_leads_to_the_alert(
    session: Session, world: World, open_as: OpenAs, server: str
) -> None:
    page = open_as(world.lucia_id, NEW)
    worker = start_worker(page)
    deliver(page, server, as_message(make_letter()).decode())
    shown = worker.evaluate(TAKE_SHOWN)
    assert (shown["title"], shown["body"]) == ("3 overdue on Acme", "The first fell due at 18:31.")
    assert (shown["tag"], shown["requireInteraction"]) == ("round.0", True)
    assert shown["actions"] == [{"action": "acknowledge", "title": "Acknowledge"}]
    assert shown["data"] == {"url": f"{server}/alerts/7", "acknowledge": f"{server}/a/once"}, "only our own pages"
    assert worker.evaluate(CLICK, [shown["data"], ""]) == f"{server}/alerts/7"
    assert worker.evaluate(CLICK, [shown["data"], "acknowledge"]) == f"{server}/a/once"
    deliver(page, server, "no object of ours")
    assert worker.evaluate(TAKE_SHOWN)["title"] == "Relevo"


def test_a_browser_is_added_known_again_and_let_go(session: Session, world: World, open_as: OpenAs) -> None:
    page = open_as(None, "/sign-in")
    script = SUBSCRIBES.replace("POINT", RFC_BROWSER.public).replace("AUTH", RFC_AUTH)
    page.context.add_init_script(f"({script})()")
    other = open_as(world.lucia_id, "/me")
    page.context.add_cookies(other.context.cookies())  # type: ignore[arg-type]  # what was read is what is set
    page.goto(NEW)
    page.get_by_role("button", name="Add and send me a code").click()
    page.wait_for_url("**/me/reach#method-*")
    expect(page.locator("[data-push-here]")).to_be_visible()
    expect(page.locator("section.card bdi", has_text="push.example").first).to_be_visible()
    method = session.scalars(select(NotificationMethod)).one()
    assert (method.kind, method.session_id is not None, method.label) == ("browser", True, "Chrome, Linux")
    session.rollback()
    page.goto(NEW)
    expect(page.locator("[data-push-why=already]")).to_be_visible()
    page.get_by_role("button", name="Add and send me a code").click()
    expect(page.get_by_role("button", name="Add and send me a code")).to_be_enabled()
    assert page.evaluate("() => localStorage.getItem('subscribed')") == "1", "what is added stays subscribed"
    page.goto("/me/reach")
    expect(page.locator("[data-push-here]")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    page.wait_for_url("**/me/reach?said=removed")
    assert page.evaluate("() => localStorage.getItem('subscribed')") is None
    assert session.scalars(select(NotificationMethod.sealed)).all() == [None]
    page.goto(NEW)
    page.evaluate(FAILS_TO_INSTALL)
    page.get_by_role("button", name="Add and send me a code").click()
    expect(page.locator("[data-push-why=broken]")).to_be_visible()
    expect(page.get_by_role("button", name="Add and send me a code")).to_be_enabled()


def test_a_page_says_why_this_browser_cannot(session: Session, world: World, open_as: OpenAs) -> None:
    page = open_as(world.lucia_id, NEW)
    page.locator("html.scripts").wait_for()
    expect(page.locator("[data-push-why=denied]")).to_be_visible()  # as headless Chromium has it
    plain = open_as(world.lucia_id, NEW, java_script_enabled=False)
    expect(plain.locator("[data-push-why=scripts]")).to_be_visible()
    expect(plain.locator("[data-push-why=insecure]")).to_be_hidden()
    page.context.add_init_script("Object.defineProperty(window, 'isSecureContext', {get: () => false});")
    page.reload()
    expect(page.locator("[data-push-why=insecure]")).to_be_visible()
    expect(page.get_by_role("button", name="Add and send me a code")).to_be_disabled()
