"""The charts of a sync's summary: whole, well-formed, the same in words, and safe."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from skyclust.inventory.change_periods import DAYS, HOURS, ChangePeriod, change_periods
from skyclust.model.resource import ChangeKind
from skyclust.orchestration.inventory_charts import changes_chart, instances_chart
from skyclust.orchestration.svg_charts import stacked_bars
from skyclust.store import resources
from skyclust.store.engine import Store
from skyclust.svg import WIDTH
from tests.unit.store.inventory import machine, prepare, sync

SVG = "{http://www.w3.org/2000/svg}"
PICTURE = re.compile(r"^!\[(.*)\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)$")

INSTANCES = {("aws", "running"): 298, ("aws", "stopped"): 62, ("azure", "running"): 3}


def drawn(lines: Sequence[str]) -> tuple[str, ElementTree.Element]:
    """Return the words of the one picture that the lines hold, and the picture."""
    match = PICTURE.match(lines[-1])
    assert match, lines
    return match[1], ElementTree.fromstring(base64.b64decode(match[2]))


def texts(picture: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in picture.iter(f"{SVG}text")]


def test_a_bar_for_each_cloud_has_the_states_of_its_instances() -> None:
    words, picture = drawn(instances_chart(INSTANCES))
    assert words == ("Instances by cloud and state: aws: 298 running, 62 stopped; azure: 3 running")
    assert {"aws", "298", "62", "360", "azure", "3"} <= set(texts(picture))
    assert {"running 301", "stopped 62"} <= set(texts(picture))
    title = picture.find(f"{SVG}title")
    assert title is not None
    assert title.text == words


def test_nothing_is_drawn_outside_the_picture() -> None:
    states = {("cloud", f"state-{number}"): number + 1 for number in range(12)}
    _, picture = drawn(instances_chart(states))
    height = float(picture.attrib["height"])
    for shape in picture.iter(f"{SVG}rect"):
        assert float(shape.get("x", 0)) + float(shape.attrib["width"]) <= WIDTH
        assert float(shape.get("y", 0)) + float(shape.attrib["height"]) <= height


def test_there_is_no_chart_of_nothing() -> None:
    assert instances_chart({}) == []
    empty = dict.fromkeys(ChangeKind, 0)
    assert changes_chart("day", [ChangePeriod(datetime.now(UTC), "01 Jan", empty)]) == []


def test_a_name_cannot_break_the_picture_or_the_page() -> None:
    chart = stacked_bars("<t>", {'a"]<script>': {"x](http://evil)&": 1}}, {})
    words, picture = drawn([chart.markdown])
    assert "](" not in words.replace("\\]", "")
    assert 'a"]<script>' in texts(picture)


def test_each_kind_of_change_has_a_scale_of_its_own() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    periods = [
        ChangePeriod(start, "01 Jan", {ChangeKind.ADDED: 4184}),
        ChangePeriod(start + timedelta(1), "02 Jan", {ChangeKind.ADDED: 1, ChangeKind.GONE: 2}),
    ]
    words, picture = drawn(changes_chart("day", periods))
    assert words == (
        "Changes of resources by the day (UTC): 01 Jan: 4184 added; 02 Jan: 1 added, 2 gone"
    )
    highest = [shape for shape in picture.iter(f"{SVG}rect") if shape.attrib["height"] == "40.0"]
    assert len(highest) == 2, "the first day of the added, the second of the gone"
    assert {"4184", "1", "2", "0 in all"} <= set(texts(picture))


def test_a_young_history_is_shown_by_the_hour_and_an_older_one_by_the_day(store: Store) -> None:
    prepare(store)
    sync(store, [machine("a"), machine("b")])
    sync(store, [machine("a", state="stopped")])
    wanted = {ChangeKind.ADDED: 2, ChangeKind.CHANGED: 1, ChangeKind.GONE: 1}
    with store.reading() as connection:
        last = resources.changes(connection, "default", limit=1)[0].at
    unit, hours = change_periods(store, "default", last)
    later, days = change_periods(store, "default", last + timedelta(days=3))
    other = change_periods(store, "other", last)[1]
    assert (unit, len(hours), later, len(days)) == ("hour", HOURS, "day", DAYS)
    for periods in (hours, days):
        total = {kind: sum(period.counts[kind] for period in periods) for kind in ChangeKind}
        assert total == wanted
    assert not any(sum(period.counts.values()) for period in other)


def test_instances_are_counted_by_provider_and_state(store: Store) -> None:
    prepare(store)
    sync(store, [machine("a"), machine("b"), machine("gone")])
    sync(store, [machine("a"), machine("b", state="stopped")])
    with store.reading() as connection:
        counted = resources.count_instances(connection, "default")
    assert counted == {("aws", "running"): 1, ("aws", "stopped"): 1}
