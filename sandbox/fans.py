"""What fans and the brand's own app do on either personality: write, mention, message, answer, edit, delete."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox import feed_verbs, items, pages_verbs
from sandbox.feed_verbs import Draft
from sandbox.items import Item
from sandbox.pages_verbs import Writing
from sandbox.settings import FEED, PAGES
from sandbox.world import Person, World


@dataclass(frozen=True)
class Saying:
    """What somebody says, apart from where; times are seconds since 1970 as the platform will tell them."""

    text: str
    pictures: tuple[str, ...] = ()
    authored_at: float | None = None
    arrived_at: float | None = None
    visible_after_seconds: float = 0.0
    is_faceless: bool = False
    audience: str | None = None
    is_to_us: bool = True


class Impossible(ValueError):
    """The world has no place for that."""


def post(world: World, personality: str, saying: Saying) -> Item:
    """A post of the brand, by its own app."""
    if personality == FEED:
        return feed_verbs.write_status(world, _draft(world.us(FEED), saying, None, saying.audience or "public"))
    return pages_verbs.write_post(world, _writing(world.us(PAGES), saying))


def comment(world: World, personality: str, fan: Person, on: Item, saying: Saying) -> Item:
    """A fan's comment on a post or comment; on the feed it names who is answered, as the web form does."""
    if personality == PAGES:
        if on.kind == "direct":
            return pages_verbs.write_direct(world, fan, _writing(fan, saying))
        return pages_verbs.write_comment(world, on, _writing(fan, saying))
    people = [_author(world, on)] if on.author_id != fan.id else []
    if saying.is_to_us:
        people.append(world.us(FEED))
    text = feed_verbs.with_mentions(world, saying.text, list(dict.fromkeys(people)))
    return feed_verbs.write_status(world, _draft(fan, saying, on, saying.audience or on.audience, text))


def mention(world: World, personality: str, fan: Person, saying: Saying, is_on_page: bool = False) -> Item:
    """Feed: a status that names us. Pages: a visitor's post that tags us, or one on our page."""
    if personality == PAGES:
        name = world.identity.page_name
        text = saying.text if is_on_page or name in saying.text else f"{name} {saying.text}"
        return pages_verbs.write_post(world, _writing(fan, saying, text), tags_us=not is_on_page)
    text = feed_verbs.with_mentions(world, saying.text, [world.us(FEED)])
    return feed_verbs.write_status(world, _draft(fan, saying, None, saying.audience or "public", text))


def direct(world: World, personality: str, fan: Person, saying: Saying, is_new: bool = False) -> Item:
    """A private message to us; on the feed it continues the last private exchange unless a new one is wanted."""
    if personality == PAGES:
        return pages_verbs.write_direct(world, fan, _writing(fan, saying))
    text = feed_verbs.with_mentions(world, saying.text, [world.us(FEED)])
    last = None if is_new else last_direct(world, fan)
    return feed_verbs.write_status(world, _draft(fan, saying, last, "direct", text))


def answer(world: World, personality: str, on: Item | None, fan: Person | None, saying: Saying) -> Item:
    """The brand answers with its own app: under an item, or in private to a fan."""
    us = world.us(personality)
    if fan is None and on is None:
        raise Impossible("on or direct is needed")
    if personality == FEED:
        on = on or (last_direct(world, fan) if fan else None)
        to = [fan] if fan else [_author(world, on)] if on else []
        text = feed_verbs.with_mentions(world, saying.text, [one for one in to if not one.is_ours])
        audience = "direct" if fan else saying.audience or (on.audience if on else "public")
        return feed_verbs.write_status(world, _draft(us, saying, on, audience, text))
    if fan is None and on is not None and on.kind == "direct":
        fan = world.person(PAGES, on.recipients[0] if on.is_ours else on.author_id)
    if fan is not None:
        return pages_verbs.write_direct(world, fan, _writing(us, saying))
    assert on is not None
    return pages_verbs.write_comment(world, on, _writing(us, saying))


def edit(world: World, item: Item, text: str, pictures: tuple[str, ...] | None = None) -> Item:
    """The author changes a text; on the feed the handles in front stay."""
    if item.personality == PAGES:
        return pages_verbs.edit(world, item, text, pictures)
    people = [world.person(FEED, one) for one in item.recipients]
    text = feed_verbs.with_mentions(world, text, [one for one in people if one is not None])
    return feed_verbs.edit_status(world, item, text, pictures)


def delete(world: World, item: Item, by: str) -> None:
    """Somebody deletes it: its author, the brand, or the platform."""
    if item.personality == PAGES:
        pages_verbs.remove(world, item, by)
    else:
        feed_verbs.remove_status(world, item, by)


def new_pictures(world: World, count: int) -> tuple[str, ...]:
    """Ids of new pictures."""
    with world.store.transaction():
        return tuple(str(117_030_000_000_000 + world.store.next_number("picture") * 1009) for _ in range(count))


def last_direct(world: World, fan: Person) -> Item | None:
    """The newest private status between a fan and us."""
    us = world.us(FEED)
    found: Sequence[Item] = items.select(
        world,
        "personality = ? AND audience = 'direct' AND deleted_at IS NULL AND (author_id = ? OR author_id = ?) "
        "ORDER BY n DESC LIMIT 200",
        FEED,
        fan.id,
        us.id,
    )
    return next((one for one in found if one.author_id == fan.id or fan.id in one.recipients), None)


def _author(world: World, item: Item) -> Person:
    found = world.person(item.personality, item.author_id)
    assert found is not None
    return found


def _draft(author: Person, saying: Saying, on: Item | None, audience: str, text: str | None = None) -> Draft:
    return Draft(
        author=author,
        text=saying.text if text is None else text,
        reply_to=on,
        audience=audience,
        pictures=saying.pictures,
        authored_at=saying.authored_at,
        arrived_at=saying.arrived_at,
        visible_after_seconds=saying.visible_after_seconds,
    )


def _writing(author: Person, saying: Saying, text: str | None = None) -> Writing:
    return Writing(
        author=author,
        text=saying.text if text is None else text,
        pictures=saying.pictures,
        authored_at=saying.authored_at,
        arrived_at=saying.arrived_at,
        visible_after_seconds=saying.visible_after_seconds,
        is_faceless=saying.is_faceless,
    )
