"""The product's pages as a browser reads them: rows of a list, forms with their fields, and who is signed in."""

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

PASSWORD = "seven herons over the estuary"
_ROW = re.compile(r'<li id="row-(\d+)"[^>]*data-waiting="([01])"(.*?)</li>', re.DOTALL)
_MORE = re.compile(r'<li class="more-rows"[^>]*><a [^>]*href="([^"]+)"')
# What a row says in its corner while a reply of its conversation is not settled.
_TAKEN = (">leaving<", ">Did it arrive?<")
_NO_VALUE = ("", None)


@dataclass
class Form:
    """A form of a page: where it goes, what it carries, and what its buttons would change."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""))
            self.found.append(self._open)
        elif self._open is not None and tag == "textarea":
            self._area = given["name"]
            self._open.fields[self._area] = ""
        elif self._open is not None and tag == "input" and given.get("name") and "disabled" not in given:
            self._take(self._open, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._area is not None:
            self._open.fields[self._area] += data

    @staticmethod
    def _take(form: Form, given: dict[str, str]) -> None:
        name, value = given["name"], given.get("value", "")
        if given.get("type") not in ("radio", "checkbox"):
            form.fields[name] = value
            return
        form.choices.setdefault(name, []).append(value)
        if "checked" in given:
            form.fields[name] = value


def read_forms(page: str) -> list[Form]:
    """Return the forms of a page in their order."""
    reader = _Forms()
    reader.feed(page)
    return reader.found


def find_form(page: str, ending: str) -> Form | None:
    """Return the first form that is sent to an address with this ending."""
    return next((form for form in read_forms(page) if form.action.endswith(ending)), None)


def read_free(page: str) -> list[int]:
    """Return the conversations of a list in which somebody waits and no reply is on its way."""
    rows = _ROW.findall(page)
    return [int(number) for number, waits, shown in rows if waits == "1" and not any(word in shown for word in _TAKEN)]


def find_more(page: str) -> str | None:
    """Return where the next rows of a list are, None at its end."""
    found = _MORE.search(page)
    return html.unescape(found[1]) if found else None


class Browser:
    """A signed-in member's browser, with scripts: it asks for parts of pages and for JSON."""

    def __init__(self, url: str) -> None:
        """Open a browser on the pages at `url`; nobody is signed in."""
        self.client = httpx.Client(base_url=url, timeout=15)

    def sign_in_first(self, email: str, one_time_password: str) -> None:
        """Sign in as a newcomer does, and choose a password."""
        self.sign_in(email, one_time_password)
        self._send("/password", {"password": PASSWORD, "password_again": PASSWORD})

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Sign in with the password that was chosen."""
        self._send("/sign-in", {"email": email, "password": password})

    def _send(self, path: str, given: dict[str, str]) -> None:
        form = find_form(self.client.get(path).text, path)
        assert form is not None, f"{path} has no form"
        answer = self.client.post(path, data=form.fields | given)
        if answer.status_code != 303:
            raise RuntimeError(f"{path} answered {answer.status_code}")

    def page(self, path: str, **params: str) -> str:
        """Return a part of a page."""
        answer = self.client.get(path, params=params, headers={"HX-Request": "true"})
        answer.raise_for_status()
        return answer.text

    def post(self, form: Form, **given: str) -> httpx.Response:
        """Send a form as a script does."""
        return self.client.post(form.action, data=form.fields | given, headers={"Accept": "application/json"})
