"""Where messages may go, and how they get there."""

import email
import email.policy
import json
import socket
import socketserver
import subprocess
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from labelloop.domain.delivery_record import Delivery
from labelloop.domain.news import TEST, Event
from labelloop.domain.notify_address import Address
from labelloop.errors import BrokenPromise, UserError
from labelloop.settings import Settings
from labelloop.steps.close_round import close_round
from tests.core.made_up import MadeUp, publish
from tests.workers.receiver import TOKEN, Receiver
from workers.admin.notify_addresses import add_address
from workers.notify import service_process, signed_webhook
from workers.notify.address_file import AddressFile
from workers.notify.chat_services import send_to_service, service_address
from workers.notify.message import Message, message
from workers.notify.public_addresses import PrivateAddress, checked_address, is_public
from workers.notify.signed_webhook import new_secret, send_webhook
from workers.notify.tell import Teller

PRIVATE = (
    *("127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("100.100.100.200", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "203.0.113.1"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"),
    "2001:0:7f00:1::",
)


def add(settings: Settings, world: MadeUp, receiver: Receiver, **more: str) -> Address:
    return add_address(settings, world.book, 7, receiver.hook, **more)


def close_a_round(world: MadeUp) -> None:
    publish(world.view)
    world.judge(world.untouched(12))
    assert close_round(*world.view.now()) is not None


@pytest.mark.parametrize("address", PRIVATE)
def test_no_message_goes_into_a_private_network(
    address: str, world: MadeUp, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where it is named nor where a name turns out to be one, and not to one of several."""
    assert not is_public(address)
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in ("93.184.215.14", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(PrivateAddress):
        checked_address("rebinding.example.com", private=False)
    careful = settings.model_copy(update={"notify_private": False})
    with pytest.raises(PrivateAddress):
        add_address(careful, world.book, 7, "https://rebinding.example.com/x")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
def test_this_machine_is_refused_however_it_is_written(host: str, world: MadeUp, settings: Settings) -> None:
    """The system's own reading of the name decides, which is also the one that would connect."""
    careful = settings.model_copy(update={"notify_private": False})
    with pytest.raises(UserError, match=r"private|names a host|no address"):
        add_address(careful, world.book, 7, f"https://{host}/x")


def test_an_address_that_became_private_is_refused_when_a_message_is_sent(
    settings: Settings, world: MadeUp, receiver: Receiver
) -> None:
    """What was checked when it was added is checked again, every time; nothing is sent."""
    add(settings, world, receiver)
    close_a_round(world)
    careful = settings.model_copy(update={"notify_private": False})
    assert Teller(careful).tell() == 0
    (told,) = world.book.ledger.all(Delivery, 7)
    assert "https://" in told.reason
    assert not receiver.got


def test_the_connection_goes_to_the_address_that_was_checked(
    settings: Settings, world: MadeUp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere at the second look gains nothing: it is looked up once."""
    address = add_address(settings, world.book, 7, receiver.hook.replace("127.0.0.1", "localhost"))
    looked: list[str] = []
    real = socket.getaddrinfo

    def once(host: Any, *others: Any, **named: Any) -> Any:
        looked.append(host)
        return real("127.0.0.1" if looked.count("localhost") == 1 else "127.0.0.9", *others, **named)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    what = message(Event(TEST, "1", datetime.now(UTC), {}), address, "made up", "")
    sent = send_webhook(address, what, datetime.now(UTC), private=True)

    assert sent.delivered
    ((headers, _),) = receiver.got
    assert headers["Host"] == f"localhost:{receiver.url.rpartition(':')[2]}"
    assert looked.count("localhost") == 1


SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
TEAMS = "https://prod-12.westeurope.logic.azure.com:443/workflows/643e69f8/triggers/manual/paths/invoke?api-version=1&sig=KODuebWbDGYFr0z0eu"
SERVICES = {
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    SLACK: SLACK,
    TEAMS: TEAMS,
    "mailto://me:pass@example.com": "mailto://me:pass@example.com",
    "https://open.feishu.cn/open-apis/bot/v2/hook/abcd-12": "feishu://abcd-12",
    "https://oapi.dingtalk.com/robot/send?access_token=abcd12": "dingtalk://abcd12",
    "https://hooks.example.com/labelloop": "",
}


@pytest.mark.parametrize("url", SERVICES)
def test_chat_and_mail_services_are_known_by_their_addresses(url: str) -> None:
    """Also by the web address that a service shows for its incoming webhook, which takes no webhook of ours."""
    assert service_address(url) == SERVICES[url]


@pytest.mark.parametrize("url", ["https://outlook.office.com/webhook/1", "https://api.telegram.org/bot1:a/sendMessage"])
def test_an_address_of_a_service_that_is_not_understood_is_refused(url: str) -> None:
    """It would answer 200 and show nobody anything."""
    with pytest.raises(UserError, match="appriseit"):
        service_address(url)


def test_a_service_that_refuses_with_http_200_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """DingTalk wants a keyword in each message, and says so in its answer alone; no test can ask it."""
    answer = requests.Response()
    answer.status_code, answer._content = 200, b'{"errcode": 310000, "errmsg": "keywords not in content"}'
    monkeypatch.setattr(requests.Session, "send", lambda *_, **__: answer)
    order = {"url": "dingtalk://abcd12", "title": "LabelLoop", "body": "x", "private": True}
    assert service_process.send(order) == (False, "error 310000: keywords not in content")


@pytest.mark.parametrize("url", ["syslog://localhost", "dbus://", "json://127.0.0.1", "file:///etc/passwd", "slack://"])
def test_nothing_else_of_apprise_is_used(url: str) -> None:
    """What acts on this machine, and addresses that are not complete, are refused."""
    with pytest.raises(UserError):
        service_address(url)


@pytest.mark.parametrize("private", [True, False])
def test_a_service_inside_a_private_network_gets_messages_only_if_that_is_allowed(
    receiver: Receiver, private: bool
) -> None:
    """Mattermost on one's own server, sent by a process of its own."""
    host = receiver.url.removeprefix("http://")
    address = Address("a", 7, f"mmost://{host}/{TOKEN}", "", "zh", (), datetime.now(UTC))
    what = message(Event(TEST, "1", datetime.now(UTC), {}), address, "数据", "http://pages.example.com")

    sent = send_to_service(address, what, private=private)

    assert sent.delivered is private, sent
    assert len(receiver.got) == private
    if private:
        assert "这是一条测试消息" in str(receiver.got[0][1])
        assert "http://pages.example.com/projects/7" in str(receiver.got[0][1])
    else:
        assert "inside a private network" in sent.answer


def test_a_service_that_refuses_a_message_is_quoted_without_the_secret(receiver: Receiver) -> None:
    """And no redirect of its is followed."""
    receiver.status = 307
    address = Address(
        "a", 7, f"mmost://{receiver.url.removeprefix('http://')}/{TOKEN}?redirect=yes", "", "en", (), datetime.now(UTC)
    )
    sent = send_to_service(address, message(Event(TEST, "1", datetime.now(UTC), {}), address, "data", ""), private=True)
    assert not sent.delivered
    assert "307" in sent.answer
    assert TOKEN not in sent.answer


# TLS


def pem(folder: Path, name: str) -> Path:
    """Return a self-signed certificate for a name, with its key, in one file."""
    key, made = folder / "key.pem", folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    where = ["-keyout", str(key), "-out", str(made), "-days", "2"]
    subprocess.run([*command, *where, *subject], check=True, capture_output=True)
    made.write_text(made.read_text() + key.read_text())
    return made


@pytest.mark.parametrize(("certified", "arrives"), [("hooks.example.test", True), ("evil.example.test", False)])
def test_a_certificate_must_be_for_the_name_though_the_connection_goes_to_an_address(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certified: str, arrives: bool
) -> None:
    """The name is asked for in the handshake and compared; the address stands in no certificate."""
    certificate = pem(tmp_path, certified)
    receiver.speak_tls(certificate)
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: real("127.0.0.1", *more, **named))
    url = f"https://hooks.example.test:{receiver.port}/{TOKEN}"
    address = Address("a", 7, url, new_secret(), "en", (), datetime.now(UTC))

    sent = send_webhook(address, trial(address), datetime.now(UTC), private=True, ca_bundle=str(certificate))

    assert sent.delivered is arrives, sent
    assert len(receiver.got) == arrives
    if not arrives:
        assert "use the name that the certificate is for" in sent.answer


# Mail


class MailServer(socketserver.StreamRequestHandler):
    """Takes mails as SMTP says, and keeps what it was sent."""

    def handle(self) -> None:
        self.wfile.write(b"220 mail\r\n")
        in_mail = False
        while line := self.rfile.readline():
            if in_mail:
                self.server.mail.append(line)  # type: ignore[attr-defined]
                in_mail = line != b".\r\n"
                answer = None if in_mail else b"250 kept"
            else:
                in_mail = line.upper().startswith(b"DATA")
                answer = b"354 go on" if in_mail else b"221 bye" if line.upper().startswith(b"QUIT") else b"250 fine"
            if answer:
                self.wfile.write(answer + b"\r\n")


def test_a_mail_arrives_in_its_language_with_the_link() -> None:
    """Through a mail server inside the network, which has to be allowed."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        server.mail = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        url = (
            f"mailto://example.com:{server.server_address[1]}?smtp=127.0.0.1&from=loop@example.com&to=lead@example.com"
        )
        address = Address("a", 7, url, "", "zh", (), datetime.now(UTC))
        sent = [send_to_service(address, trial(address), private=private) for private in (False, True)]
        server.shutdown()
        thread.join()
        mail = email.message_from_bytes(b"".join(server.mail), policy=email.policy.default)  # type: ignore[attr-defined]

    assert [one.delivered for one in sent] == [False, True], sent
    assert "inside a private network" in sent[0].answer
    assert mail["to"] == "lead@example.com"
    assert "数据" in mail["subject"]
    body = mail.get_content()
    assert "这是一条测试消息" in body
    assert "https://pages.example.com/projects/7" in body


def test_a_proxy_that_is_not_to_be_used_is_no_way_in(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY names hosts that are reached directly, and they are checked as all others."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = Address("a", 7, f"mmost://127.0.0.1:{receiver.port}/{TOKEN}", "", "en", (), datetime.now(UTC))
    assert not send_to_service(address, trial(address)).delivered
    assert receiver.got == []


def trial(address: Address) -> Message:
    return message(Event(TEST, "1", datetime.now(UTC), {}), address, "数据", "https://pages.example.com")


@pytest.mark.parametrize("url", ["https://[::1", "https://xn--/", "https://hooks.example.com:99999/x", "https://a:b/x"])
def test_what_only_looks_like_an_address_is_refused_when_it_is_added(
    url: str, world: MadeUp, settings: Settings
) -> None:
    """With a sentence, and before it keeps others from being told."""
    with pytest.raises(UserError, match="no address of the web"):
        add_address(settings, world.book, 7, url)


@pytest.mark.parametrize(
    "changed", [{"url": 5}, {"events": "round.closed"}, {"events": [1]}, {"added_at": "2026-01-01T00:00:00"}]
)
def test_a_file_with_values_of_another_kind_is_damaged(
    changed: dict[str, object], world: MadeUp, settings: Settings, receiver: Receiver
) -> None:
    """Somebody has written in it: that is said, rather than that nobody is told any more."""
    add(settings, world, receiver)
    file = settings.data_dir / "notify.json"
    (row,) = json.loads(file.read_text())
    file.write_text(json.dumps([row | changed]))
    with pytest.raises(BrokenPromise, match="is damaged: restore it"):
        AddressFile(settings.data_dir).all()


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(
    settings: Settings, world: MadeUp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte is in time; the whole would keep all other projects from being told for hours."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = add_address(settings, world.book, 7, f"http://127.0.0.1:{listening.getsockname()[1]}/{TOKEN}")
        over = threading.Event()
        dripping = threading.Thread(target=_drip, args=(listening, over))
        dripping.start()
        monkeypatch.setattr(signed_webhook, "LIMIT_S", 0.5)
        began, now = time.monotonic(), datetime.now(UTC)
        sent = send_webhook(address, message(Event(TEST, "a", now, {}), address, "Moods", ""), now, private=True)
        took = time.monotonic() - began
        over.set()
        dripping.join()
    assert (sent.delivered, sent.final, sent.answer) == (False, False, "It does not answer in time.")
    assert 0.5 <= took < 4


def _drip(listening: socket.socket, over: threading.Event) -> None:
    """Answer with one more byte of a header every tenth of a second, until the other side has had enough."""
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not over.wait(0.1):
            connection.sendall(b"a")
