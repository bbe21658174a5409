"""Work in the background: one at a time, stoppable, and never a dead page."""

import contextlib
import threading
import types

import pytest

from nvs.errors import InputError
from nvs_viewer.job import Job
from nvs_viewer.scene import Cancelled
from tests.viewer.browsing import until


class Widget(types.SimpleNamespace):
    def on_click(self, callback):
        self.click = callback


class Client:
    """As much of viser's client as a task uses."""

    def __init__(self):
        self.gui = self
        self.told = []
        self.widgets = []

    def _add(self, *_args, visible=True, **_more):
        self.widgets.append(Widget(visible=visible, content="", value=0.0))
        return self.widgets[-1]

    add_markdown = add_progress_bar = add_button = _add

    def atomic(self):
        return contextlib.nullcontext()

    def add_notification(self, title, body, **_more):
        self.told.append((title, body))


@pytest.fixture
def client():
    return Client()


def finish(task):
    until(lambda: not task.running, 10)


def test_progress_is_shown_while_it_runs_and_hidden_afterwards(client):
    task = Job(client, "Counting")
    seen = []

    def work(listener):
        stage, bar, stop = client.widgets
        listener.stage("counting")
        seen.append((stage.content, 0 < bar.value < 50, bar.visible, stop.visible))
        listener.advance(3, 4)
        seen.append((stage.content, bar.value, bar.visible, stop.visible))
        listener.note("three of them are odd")

    task.start(work)
    finish(task)
    assert seen == [
        ("counting …", True, True, True),
        ("counting, 3 of 4 …", 75.0, True, True),
    ]
    assert not any(widget.visible for widget in client.widgets)
    assert len(client.told) == 1


def test_a_second_start_cancels_the_first_and_waits_for_its_end(client):
    task = Job(client, "Counting")
    begun, order = threading.Event(), []

    def endless(listener):
        begun.set()
        try:
            while True:
                listener.stage("on and on")
        except Cancelled:
            order.append("first ended")
            raise

    task.start(endless)
    assert begun.wait(5)
    task.start(lambda listener: order.append("second ran"))
    finish(task)
    assert order == ["first ended", "second ran"]
    assert client.told == []  # to be cancelled is no failure


def test_the_button_cancels(client):
    task = Job(client, "Counting")
    begun = threading.Event()

    def endless(listener):
        begun.set()
        while True:
            listener.stage("on and on")

    task.start(endless)
    assert begun.wait(5)
    client.widgets[2].click(None)
    finish(task)
    assert not client.widgets[2].visible


def test_failures_are_told_and_the_next_start_works(client, capsys):
    task = Job(client, "Counting")

    def bad_input(listener):
        raise InputError("this cannot be counted")

    def broken(listener):
        raise ZeroDivisionError("secret details")

    task.start(bad_input)
    finish(task)
    assert client.told == [("Counting did not work", "this cannot be counted")]
    task.start(broken)
    finish(task)
    assert "ZeroDivisionError" in client.told[1][1]
    assert "secret details" not in client.told[1][1]
    assert "secret details" in capsys.readouterr().err
    task.start(lambda listener: client.told.clear())
    finish(task)
    assert client.told == []


def endless(listener):
    while True:
        listener.stage("on and on")


def test_close_waits_for_the_end_and_leaves_no_thread(client):
    before = threading.active_count()
    task = Job(client, "Counting")
    task.start(endless)
    task.close()
    assert not task.running
    assert threading.active_count() == before
