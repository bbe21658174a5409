"""What is used of viser beside what it promises is there, in the version that is installed."""

import viser
from viser._messages import FileTransferPart, FileTransferStartUpload, ShareUrlRequest

from nvs_viewer import viser_inside
from tests.viewer.browsing import only_page, until, wait_for_psnr
from tests.viewer.conftest import room
from tests.viewer.talking import Talker, connected


def test_it_is_written_for_the_viser_that_is_installed():
    assert viser.__version__.startswith(viser_inside.VERSION + "."), (
        "another version of viser: look at viser_inside.py and script/viser.js, try the page, "
        "then change VERSION and pyproject.toml"
    )


def test_what_it_names_exists(viewer):
    with connected(viewer) as socket:
        Talker(socket)
        client = only_page(viewer).client
        assert viser_inside.uploads_under_way(client) == {}
        assert viser_inside.connection_of(client) is not None
        queue = viser_inside.queue_of(client)
        assert queue.message_counter > 0
        assert isinstance(queue.message_from_id, dict)
        assert not queue.done
        assert queue._warned_push_after_done
        for message in (FileTransferStartUpload, FileTransferPart):
            viser_inside.hear(client, message, lambda *_: None)
        assert ShareUrlRequest not in viewer.server._websock_server._incoming_handlers
    until(lambda: not viewer.server.get_clients())
    assert viser_inside.connection_of(client) is None


def test_the_script_finds_what_it_uses_in_the_browser(viewer, page):
    page.goto(viewer.url)
    until(lambda: page.evaluate("nvs.viser.controls() !== null"))
    names = ["azimuthRotateSpeed", "polarRotateSpeed", "rotate"]
    assert page.evaluate("names => names.every(n => n in nvs.viser.controls())", names)
    until(lambda: page.evaluate("nvs.viser.openTab()") == "Fly")
    page.set_viewport_size({"width": 390, "height": 844})
    until(lambda: page.evaluate("nvs.viser.sheetHead() !== null"))


def test_the_console_holds_no_error(viewer, page):
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else 0)
    page.goto(viewer.url)
    ours = only_page(viewer)
    assert wait_for_psnr(page, ours, 25) > 25  # the splats were drawn, and so were asked about
    viewer.pages[0].show(room(48))  # others, in their place
    assert wait_for_psnr(page, ours, 20) > 20
    assert said == []
