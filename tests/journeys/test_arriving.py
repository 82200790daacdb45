"""From an empty machine to a queue that lives (sentences 1 to 4)."""

import html
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.fixtures.browser import Pages
from tests.journeys.desk import ARRIVES_MS, SOON_MS, Desk, choose_password, sign_in
from tests.journeys.running import END_SECONDS, NEW_PASSWORD, Running, Sandbox, relevo_up, until
from tests.platforms.bluesky.fake_network import FakeNetwork

# A platform is asked again in minutes, not in seconds, whether a message was edited or deleted.
pytestmark = pytest.mark.timeout(1200)
OpenPage = Callable[..., Page]
PASSWORD = "aaaa-bbbb-cccc-dddd"
# Wrong input is answered within ten seconds, whatever the network does.
PROMISED_MS = 10_000


def test_1_1_from_nothing_to_a_living_queue(fresh_folder: Path, pages: Pages) -> None:
    with relevo_up(fresh_folder) as relevo:
        assert relevo.started_in_seconds < 120
        page = pages.open()
        page.goto(relevo.url)
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        email, password = relevo.first_sign_in()
        sign_in(page, relevo.url, email, password)
        choose_password(page, NEW_PASSWORD)
        assert not (relevo.folder / "first-password.txt").exists()
        other = pages.open()
        sign_in(other, relevo.url, email, password)
        expect(other.get_by_role("alert")).to_be_visible()
        _forget_refusals(pages)
        desk = Desk(page, relevo.url).see()
        for personality in ("feed", "pages"):
            mark = page.locator(f"a.row .pf.sandbox_{personality}")
            until(partial(_is_seen, desk, mark), f"people of the {personality}", 60)
        feed = relevo.sandbox("feed")
        feed.client.post("/sandbox/traffic", json={"on": True, "rate_per_minute": 60})
        feed.comment(
            "estrella.plaza@amigas.test", "¿Tenéis la cafetera Alba en rojo?", feed.post(), name="Estrella Plaza"
        )
        # up to a minute between polls while a channel is calm
        desk.arrives("Estrella Plaza", 130_000)
        page.context.close()  # a page that outlives its server complains
        other.context.close()
        assert relevo.end() < END_SECONDS


WRONG: list[tuple[str, dict[str, str], dict[str, str]]] = [
    (
        "wrong host",
        {"service_url": "https://there-is-no-such-host.invalid"},
        {"en": "there-is-no-such-host", "es": "there-is-no-such-host"},
    ),
    ("no TLS", {"service_url": "https://{host}"}, {"en": "secure|TLS|encrypt", "es": "segura|TLS|cifr"}),
    (
        "plain HTTP to a service that no operator declared",
        {"service_url": "http://undeclared.example"},
        {"en": "not encrypted.*RELEVO_LOCAL_SERVICES", "es": "no va cifrada.*RELEVO_LOCAL_SERVICES"},
    ),
    ("dead password", {"app_password": "dead-dead-dead-dead"}, {"en": "password", "es": "contraseña"}),
    ("unknown handle", {"handle": "nobody-here.test"}, {"en": "nobody-here.test", "es": "nobody-here.test"}),
]


@pytest.mark.parametrize("locale", ["en", "es"])
def test_1_2_connecting_bluesky_and_what_is_said_of_wrong_input(
    product: Running, open_page: OpenPage, pages: Pages, bluesky: FakeNetwork, locale: str
) -> None:
    brand = bluesky.world.add_person(f"brand-{locale}.test", app_passwords={PASSWORD: True})
    other = bluesky.world.add_person(f"other-{locale}.test", app_passwords={PASSWORD: True})
    page = open_page(locale="en-US" if locale == "en" else "es-ES")
    right = {"handle": brand.handle, "app_password": PASSWORD, "service_url": bluesky.url}
    said = set()
    for _name, wrong, words in WRONG:
        page.goto(f"{product.url}/channels/connect")
        wrong = {key: value.format(host=bluesky.url.removeprefix("http://")) for key, value in wrong.items()}
        _fill(page, right | wrong)
        problem = page.locator("#wrong")
        expect(problem).to_contain_text(re.compile(words[locale], re.I), timeout=PROMISED_MS)
        said.add(problem.inner_text())
    assert len(said) == len(WRONG)
    page.goto(f"{product.url}/channels")
    expect(page.get_by_text(brand.handle)).to_have_count(0)
    page.goto(f"{product.url}/channels/connect")
    _fill(page, right, is_sandbox_kept=True)
    page.wait_for_url(re.compile(r"/channels/\d+$"))
    expect(page.locator("main")).to_contain_text(brand.handle)
    page.goto(f"{page.url}/reconnect")
    _fill(page, {"handle": other.handle, "app_password": PASSWORD, "service_url": bluesky.url})
    expect(page.locator("#wrong")).to_contain_text(re.compile(f"{other.handle}|{brand.handle}"), timeout=PROMISED_MS)
    assert page.locator("#wrong").inner_text() not in said
    page.goto(f"{product.url}/channels")
    expect(page.locator("section.card", has_text=brand.handle)).to_have_count(1)
    expect(page.get_by_text(other.handle)).to_have_count(0)
    _forget_refusals(pages)


def test_1_2_connecting_bluesky_by_command(product: Running, desk: Desk, bluesky: FakeNetwork) -> None:
    brand = bluesky.world.add_person("brand-command.test", app_passwords={PASSWORD: True})
    words = ("channel", "connect", "bluesky", brand.handle, "--keep-sandbox", "--service")
    wrong = product.try_relevo(*words, bluesky.url, told="dead-dead-dead-dead\n")
    assert (wrong.returncode, brand.handle in wrong.stderr) == (1, True)
    assert "dead-dead" not in wrong.stderr + wrong.stdout
    plain = product.try_relevo(*words, "http://undeclared.example", told=f"{PASSWORD}\n")
    assert (plain.returncode, "RELEVO_LOCAL_SERVICES" in plain.stderr) == (1, True)
    assert brand.handle not in product.relevo("channel", "list")
    done = product.try_relevo(*words, bluesky.url, told=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    desk.page.goto(f"{product.url}/channels")
    expect(desk.page.locator("section.card", has_text=brand.handle)).to_have_count(1)


def test_1_2_a_server_without_private_messages_offers_public_replies_only(
    product: Running, open_page: OpenPage, pages: Pages, bluesky: FakeNetwork
) -> None:
    brand = bluesky.world.add_person("public-only.test", app_passwords={PASSWORD: True})
    page = open_page()
    bluesky.faults.has_chat = False
    try:
        _connect_public_only(product, page, bluesky, brand.handle, "offers no private messages")
        expect(page.locator("main")).to_contain_text("the server does not have them")
    finally:
        bluesky.faults.has_chat = True
    _forget_refusals(pages)


def test_1_2_a_password_without_private_messages_offers_public_replies_only(
    product: Running, open_page: OpenPage, pages: Pages, bluesky: FakeNetwork
) -> None:
    brand = bluesky.world.add_person("no-direct.test", app_passwords={PASSWORD: False})
    page = open_page()
    _connect_public_only(product, page, bluesky, brand.handle, "does not open private messages")
    expect(page.locator("main")).to_contain_text(re.compile("rivate messages.*(off|not read)", re.S))
    _forget_refusals(pages)


def _connect_public_only(product: Running, page: Page, bluesky: FakeNetwork, handle: str, said: str) -> None:
    """Be told that private messages can't be had, and take the offer to go without."""
    page.goto(f"{product.url}/channels/connect")
    given = {"handle": handle, "app_password": PASSWORD, "service_url": bluesky.url}
    _fill(page, given, is_sandbox_kept=True)
    expect(page.locator("#wrong")).to_contain_text(said, timeout=PROMISED_MS)
    page.locator("input[name=public_only]").check()
    _fill(page, given, is_sandbox_kept=True)
    page.wait_for_url(re.compile(r"/channels/\d+$"))


def _is_seen(desk: Desk, mark: Locator) -> bool:
    return desk.see().page.locator("#rows").count() > 0 and mark.count() > 0


def _forget_refusals(pages: Pages) -> None:
    """Take out what the console says of the answers that the test provoked."""
    pages.complaints[:] = [said for said in pages.complaints if not re.search("status of 4(00|01|09|22)", said)]


def _fill(page: Page, given: dict[str, str], *, is_sandbox_kept: bool = False) -> None:
    for name, value in given.items():
        page.locator(f"form input[name={name}]").fill(value)
    keep = page.locator("input[name=keep_sandbox]")
    if is_sandbox_kept and keep.count():
        keep.check()
    page.locator("form.card button").last.click()


def test_1_3_what_people_write_arrives_without_reloading_and_moves_nothing(desk: Desk, sandbox: Sandbox) -> None:
    post = sandbox.post()
    people = [
        (f"arriving{n}-{sandbox.personality}@calle.test", f"Arriving {n} {sandbox.personality}") for n in range(4)
    ]
    sandbox.comment(people[0][0], "¿Sigue en pie la oferta de hoy?", post, name=people[0][1])
    desk.see().arrives(people[0][1])
    desk.page.evaluate(
        "window.hasReloaded = false; addEventListener('beforeunload', () => { window.hasReloaded = true })"
    )
    desk.row(people[0][1]).hover()
    before = desk.row(people[0][1]).bounding_box()
    sandbox.comment(people[1][0], "¿Y para las islas también vale?", post, name=people[1][1])
    sandbox.tell("direct", by=people[2][0], text="Os escribo por privado: pedido 448812", name=people[2][1])
    sandbox.tell("mention", by=people[3][0], text="Nadie como ellos, ¿verdad?", name=people[3][1])
    expect(desk.page.locator("#news")).to_be_visible(timeout=ARRIVES_MS)
    assert desk.row(people[0][1]).bounding_box() == before
    for _handle, name in people:
        desk.arrives(name)
    assert desk.page.evaluate("window.hasReloaded") is False


def test_1_3_whoever_waits_longest_stands_first(desk: Desk, sandbox: Sandbox) -> None:
    desk.see()
    expect(desk.page.locator("ol li[data-queue-at]").first).to_be_visible(timeout=ARRIVES_MS)
    order = desk.page.eval_on_selector_all("li[data-queue-at]", "rows => rows.map(row => row.dataset.queueAt)")
    assert order == sorted(order)


def test_1_4_a_conversation_shows_its_post_its_thread_edits_and_deletions(desk: Desk, sandbox: Sandbox) -> None:
    name = f"Opened {sandbox.personality}"
    by, beside = f"opened-{sandbox.personality}@calle.test", f"beside-{sandbox.personality}@calle.test"
    post = sandbox.post("Abrimos taller de reparación en Gijón")
    link = "https://taller.example/lavadoras"
    first = sandbox.comment(by, f"¿Reparáis también lavadoras antiguas? {link}", post, name=name, pictures=1)
    sandbox.comment(beside, "A mí me la arreglaron en dos días", first, name="Beside")
    second = sandbox.comment(by, "Es de 2009, por si ayuda.", first, name=name)
    third = sandbox.comment(by, "Y perdón por tanta pregunta seguida", first, name=name)
    desk.see().open(name)
    until(lambda: _shows_post(desk, name, "taller de reparación"), "the post it hangs on", 40)
    said = ("lavadoras antiguas", "me la arreglaron", "de 2009", "tanta pregunta")
    for text in said:
        expect(desk.message(text)).to_be_visible(timeout=ARRIVES_MS)
    shown = desk.page.locator("#flow article.msg, .flow article.msg").all_inner_texts()
    assert [next(text for text in said if text in words) for words in shown] == list(said)
    expect(desk.message("me la arreglaron")).to_have_class(re.compile("context"))
    expect(desk.message("lavadoras antiguas").locator(f"a[href='{link}']")).to_be_visible()
    picture = desk.message("lavadoras antiguas").locator(".pictures img")
    expect(picture).to_be_visible()
    desk.page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    sandbox.tell("edit", id=second, text="Es de 2010, por si ayuda.")
    sandbox.tell("delete", id=third)
    expect(desk.message("de 2010")).to_be_visible(timeout=150_000)
    expect(desk.message("de 2010").locator("details.versions")).to_contain_text("de 2009")
    expect(desk.message("tanta pregunta")).to_have_count(0, timeout=150_000)
    expect(desk.page.locator("article.msg.tomb")).to_contain_text("eleted")
    shop = f"tienda en Vigo, {name}"  # the other personality asks the same
    sandbox.comment(by, f"¿Y tenéis {shop}?", sandbox.post())
    address = desk.page.url
    until(lambda: shop in desk.page.request.get(address).text(), "what else this person asked", 60)
    desk.page.reload()
    expect(desk.page.locator("#side")).to_contain_text(shop)


def test_1_4_four_hundred_messages_open_quickly_and_load_backwards(desk: Desk, sandbox: Sandbox) -> None:
    by = f"manylines-{sandbox.personality}@calle.test"
    made = sandbox.tell("thread", by=by, count=400, on=sandbox.post(), pictures=10)
    person = by.split("@")[0]
    until(lambda: _count_messages(desk, person) == 400, "the whole thread", 240)
    desk.open(person)
    shown = desk.page.locator(".flow article.msg")
    expect(shown.first).to_be_visible()
    first_count = shown.count()
    assert first_count <= 60
    flow = desk.page.locator(".flow")
    flow.evaluate("flow => { flow.scrollTop = 0 }")
    expect(shown).not_to_have_count(first_count, timeout=SOON_MS)
    flow.evaluate("flow => { flow.scrollTop = flow.scrollHeight / 2 }")
    read = shown.nth(int(flow.evaluate(IN_VIEW)))
    before = read.bounding_box()
    for number in range(5):
        sandbox.comment(by, f"Y otra cosa más, la número {number}, ¿se puede?", str(made["root_id"]))
    expect(desk.page.locator("#below")).to_have_text("5 new below", timeout=ARRIVES_MS)
    after = read.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 1


# Which message is being read: the place of the first one in view. What the pixels above it do is not the reader's
# affair: a picture that loads there moves the scroll bar and not the text.
IN_VIEW = """flow => {
  const top = flow.getBoundingClientRect().top;
  return [...flow.querySelectorAll("article.msg")].findIndex((one) => one.getBoundingClientRect().top >= top);
}"""


def _count_messages(desk: Desk, person: str) -> int:
    """Count a person's thread backwards to its beginning; its parts are joined while it is still being read."""
    row = desk.see().arrives(person, 120_000)
    page = desk.page.request.get(desk.url + str(row.get_attribute("href"))).text()
    count, earlier = page.count('<article class="msg'), re.search(r'id="earlier"[^>]* data-part="([^"]+)"', page)
    address = html.unescape(earlier[1]) if earlier else None
    while address:
        part = desk.page.request.get(desk.url + address).json()
        count, address = count + part["entries"].count('<article class="msg'), part["earlier"]
    return count


def _shows_post(desk: Desk, name: str, text: str) -> bool:
    """Open a person anew and say whether their post is shown: it may be read a poll later than the comment."""
    desk.see().open(name)
    return desk.page.locator(".post", has_text=text).count() > 0
