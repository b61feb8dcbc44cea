"""``sna serve``: the published files and no other, to this machine only, with news of each build; nothing is written."""

import json
import queue
import threading
import urllib.error
import urllib.request
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from svd_lib.build import serve
from svd_lib.errors import SnaError

PAGE = "<!doctype html><html><head></head><body><p>Words</p></body></html>"


@pytest.fixture
def html(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "findings.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
def news():
    return serve.News()


@pytest.fixture
def address(html, news):
    with serve.serving(html, news, 0) as address:
        yield address


def get(address, path="", **headers):
    """Return status and text of a raw request: the path goes out as it is written."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.request("GET", f"/{path}", headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def listen(address):
    return urllib.request.urlopen(address.rstrip("/") + serve.EVENTS, timeout=20)


def event(stream):
    return json.loads(next(line for line in stream if line.startswith(b"data: "))[6:])


def test_a_page_gets_the_script_and_its_file_does_not(address, html, news):
    news.tell({"site": "abc", "problem": ""})
    status, text = get(address)
    assert status == 200 and text == PAGE.replace("</body>", '<script src="/_sna/reload.js?site=abc"></script></body>')
    assert (html / "index.html").read_text() == PAGE
    assert get(address, "index.html")[1] == text
    assert get(address, "findings.json") == (200, "{}")
    assert "EventSource" in get(address, "_sna/reload.js?site=abc")[1]


@pytest.mark.parametrize("path", ["../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "/../secret.txt", "link.txt", "nothing.html", "%00", "a" * 5000])
def test_nothing_outside_the_site_is_given_out(address, path):
    status, text = get(address, path)
    assert status == 404 and "secret" not in text


def test_only_this_machine_s_names_are_answered(address):
    assert get(address, Host="evil.example:80")[0] == 403
    assert get(address, Host="localhost:1")[0] == 200
    assert urlsplit(address).hostname == "127.0.0.1"
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(address, data=b"x", timeout=20)


def test_every_build_reaches_who_listens(address, news):
    with listen(address) as stream:
        assert event(stream) == {"site": "", "problem": ""}
        news.tell({"site": "new", "problem": ""})
        assert event(stream) == {"site": "new", "problem": ""}
        news.tell({"site": "new", "problem": "Chapter 'trends', cell 3 (x): NameError: y"})
        assert "trends" in event(stream)["problem"]


def test_listeners_are_bounded_and_a_silent_one_hears_that_we_are_there(address, monkeypatch):
    monkeypatch.setattr(serve, "HEARTBEAT", 0.05)
    monkeypatch.setattr(serve, "MOST_LISTENERS", 1)
    with listen(address) as stream:
        event(stream)
        assert b"still here" in next(line for line in stream if line.startswith(b":"))
        with pytest.raises(urllib.error.HTTPError, match="503"):
            listen(address)


def test_before_there_is_a_site_there_is_a_page_that_waits(tmp_path, news, monkeypatch):
    monkeypatch.setattr(serve, "_SOON", 0)
    with serve.serving(tmp_path / "absent", news, 0) as address:
        status, text = get(address)
        assert status == 200 and serve.SCRIPT in text
        assert get(address, "trends.html")[0] == 404


def test_a_taken_port_is_one_sentence(address, html, news):
    with pytest.raises(SnaError, match=r"Port \d+ cannot be used .* --port N"), serve.serving(html, news, urlsplit(address).port):
        pass


class Builds:
    """Answers builds from a list and notes what is asked of it."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def build(self):
        self.asked.append("build")
        return self.answers.pop(0)

    def end(self):
        self.asked.append("end")


def test_every_save_is_built_and_our_own_code_starts_anew(tmp_path, news):
    ours = tmp_path / "svd_lib"
    builds = Builds({"site": "a", "problem": ""}, {"site": "", "problem": "No."}, {"site": "b", "problem": ""})
    said = []
    serve.follow([{str(tmp_path / "book" / "duty.md")}, {str(ours / "cli.py")}], builds, news, said.append, ours)
    assert builds.asked == ["build", "build", "end", "build"]
    assert said == ["No."] and news.site == "b"


def test_a_failed_build_keeps_the_last_site(news):
    serve.follow([{"x"}], Builds({"site": "a", "problem": ""}, {"site": "", "problem": "No."}), news, lambda _: None)
    assert news.site == "a"


def test_what_editors_leave_is_no_save():
    assert serve.is_watched("/p/notebooks/trends.ipynb") and serve.is_watched("/p/svd_lib/cli.py")
    for name in ("notebooks/.ipynb_checkpoints/trends.ipynb", "svd_lib/__pycache__/a.pyc", "book/.duty.md.swp", "book/duty.md~"):
        assert not serve.is_watched(f"/p/{name}")


def test_saves_are_noticed_from_the_beginning_those_during_a_build_included(tmp_path):
    seen = queue.SimpleQueue()
    with serve.saves([tmp_path]) as changes:
        threading.Thread(target=lambda: [seen.put(one) for one in changes], daemon=True).start()
        deadline = 50
        while seen.empty() and deadline:
            (tmp_path / "duty.md").write_text(f"{deadline}")
            deadline -= 1
            threading.Event().wait(0.2)
        assert str(tmp_path / "duty.md") in seen.get(timeout=5)
