"""The page behind a proxy that lets no WebSocket through: it works by requests."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.browser import synthetic
from tests.browser.editor import Editor, Server

pytestmark = pytest.mark.browser
Open = Callable[..., Editor]


class Refusing(socketserver.ThreadingTCPServer):
    """Passes connections on to a server's port; one that begins with a WebSocket's handshake is refused."""

    daemon_threads = True
    blocking = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.behind = port


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        first = self.request.recv(1 << 16)
        if self.server.blocking and b"upgrade: websocket" in first.lower():
            self.request.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.server.behind)) as server:
            server.sendall(first)
            back = threading.Thread(target=_pass_on, args=(server, self.request), daemon=True)
            back.start()
            _pass_on(self.request, server)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # the other side has left
        pass


@pytest.fixture
def proxy(facade: Server) -> Iterator[Refusing]:
    with Refusing(int(facade.url.rstrip("/").rpartition(":")[2])) as refusing:
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        yield refusing
        refusing.shutdown()


def test_a_page_without_sockets_shows_pictures_renders_edits_and_says_why_it_is_slow(
    facade: Server, proxy: Refusing, open_editor: Open
) -> None:
    editor = open_editor(replace(facade, url=f"http://127.0.0.1:{proxy.server_address[1]}/"))
    editor.until("__scenebrush.settled")
    banner = editor.page.locator(".sb-banner")
    banner.get_by_text("Live updates are blocked").wait_for()
    assert editor.page.locator(".sb-saved").inner_text() == "Saved"
    picture = editor.state("server.render")[0]["key"]
    editor.choose_class("car")
    editor.tool("b")
    editor.stroke((synthetic.FACADE_AT + 4, 30), (synthetic.FACADE_AT + 12, 30))
    editor.complete()
    editor.until("__scenebrush.settled && __scenebrush.state.rendering === 'done'")
    assert editor.state("server.render")[0]["key"] != picture
    editor.until("__scenebrush.state.server.edits[0].spans?.length === 1")
    banner.get_by_role("button", name="Hide").click()
    assert not banner.is_visible()
    # As soon as one opens, nothing is asked for any more.
    proxy.blocking = False
    editor.until("__scenebrush.state.blocked === false")
    assert not editor.page.evaluate("__scenebrush.editor.session.incoming.polling.running")
    editor.complaints[:] = [one for one in editor.complaints if "WebSocket" not in one]
