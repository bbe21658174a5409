"""Photos a minute and the time left."""

from __future__ import annotations

from nvs.batch.pace import Pacer


def test_the_pace_is_that_of_the_last_photos():
    pacer = Pacer()
    assert pacer.at(0.0, 0, 500).line() == "0 of 500 photos"
    assert pacer.at(30.0, 1, 500).per_minute == 2
    for k in range(2, 301):  # then one a second
        pace = pacer.at(30.0 + k, k, 500)
    assert pace.per_minute == 60
    assert pace.line() == "300 of 500 photos, 60 a minute, 3 min left"
    assert pacer.at(331.0, 499, 500).line().endswith(" s left")


def test_long_times_are_hours_and_days():
    pacer = Pacer()
    pacer.at(0.0, 0, 1_000_000)
    assert pacer.at(60.0, 60, 1_000_000).line().endswith("11.6 days left")
    assert pacer.at(120.0, 120, 20_000).line().endswith("5.5 h left")
