"""Addresses of services: what can be called goes through, what can't is told in one sentence."""

import pytest

from ambiance.errors import InvalidInputError
from ambiance.targets import resolvable

NAME = "a name, or an IPv6 address in brackets"
HOST = "a name, an IPv4 address, or an IPv6 address in brackets"
NO_PORT = "has no port; a host:port is needed"
PORT = "the port is 1 to 65,535"
PATH = "the path of a Unix socket is 1 to 107 bytes, none of them 0"


@pytest.mark.parametrize(
    "target",
    [
        "localhost:50051",
        "text_service:1",
        "a.b-c.example.:65535",
        "10.0.0.1:50051",
        "[::1]:50051",
        "[fe80::1%eth0]:5",
    ],
)
def test_an_address_is_asked_for_by_dns(target: str) -> None:
    assert resolvable(target) == f"dns:///{target}"


@pytest.mark.parametrize(
    "target",
    [
        "dns:///gateway.example:50051",
        "dns:gateway:50051",
        "dns:/gateway:50051",
        "dns://10.0.0.2:53/gateway:50051",
        "dns:///[::1]:50051",
        "unix:/run/ambiance.sock",
        "unix:///run/ambiance.sock",
        "unix:ambiance.sock",
        "unix-abstract:ambiance",
        "ipv4:1.2.3.4:50051",
        "ipv4:1.2.3.4:50051,1.2.3.5:50051",
        "ipv6:[::1]:50051",
    ],
)
def test_what_names_its_scheme_stays_as_it_is(target: str) -> None:
    assert resolvable(target) == target


@pytest.mark.parametrize(
    ("target", "offence"),
    [
        ("127.0.0.1:99999", PORT),
        ("localhost:0", PORT),
        ("localhost:-1", PORT),
        ("localhost:", PORT),
        ("localhost:http", PORT),
        ("localhost:５００５１", PORT),
        ("localhost:50051/", PORT),
        ("localhost:50051 ", PORT),
        ("localhost", NO_PORT),
        ("[::1]", NO_PORT),
        (":50051", f"the host is {HOST}"),
        ("::1:50051", f"the host is {HOST}"),
        ("[::g]:50051", f"the host is {HOST}"),
        ("a b:50051", f"the host is {HOST}"),
        ("user@host:50051", f"the host is {HOST}"),
        ("loc\0alhost:50051", f"the host is {HOST}"),
        ("http://host", "no scheme but dns:, ipv4:, ipv6:, unix: or unix-abstract:"),
        ("https://host:50051/", "no scheme but dns:, ipv4:, ipv6:, unix: or unix-abstract:"),
        ("dns:", NO_PORT),
        ("dns:///host", NO_PORT),
        ("dns:///host:99999", PORT),
        ("dns:///:50051", f"the host is {NAME}"),
        ("ipv4:", NO_PORT),
        ("ipv4:1.2.3.4", NO_PORT),
        ("ipv4:1.2.3.4:50051,", NO_PORT),
        ("ipv4:1.2.3.4:99999", PORT),
        ("ipv4:localhost:50051", "the host is an IPv4 address"),
        ("ipv6:::1:50051", "the host is an IPv6 address in brackets"),
        ("ipv6:[::1]", NO_PORT),
        ("unix:", PATH),
        ("unix://", PATH),
        (f"unix:/{'x' * 107}", PATH),
    ],
)
def test_what_cannot_be_called_is_told_in_one_sentence(target: str, offence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        resolvable(target, "music_target")
    got = ascii(target) if len(target) <= 64 else f"{ascii(target[:64])[:-1]}…'"
    assert str(caught.value) == f"music_target: {offence}, got {got}"
