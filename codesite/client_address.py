"""Whose request it is, as far as an address can tell: what limits per visitor count by."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

# A server behind a Unix socket names no address: all such requests count together rather than not at all.
UNKNOWN = "0.0.0.0"
BITS_OF_ONE_HOUSEHOLD = 64


def client_address(request: HttpRequest) -> str:
    """The IP address of the client in its canonical spelling; 0.0.0.0 where none is known.

    Each of the settings.TRUSTED_PROXY_COUNT proxies in front of the site adds to the right of X-Forwarded-For whom it
    spoke to, so the client stands at that place from the right; everything left of it the client may have made up.
    A header that is shorter than that, or holds no address there, did not come through all the proxies: then, and
    where there are none, it is the address that the connection itself has.
    """
    return str(client_ip(request) or UNKNOWN)


def client_network(request: HttpRequest) -> str:
    """`client_address`, but for IPv6 the first address of the /64, all of which belongs to one household."""
    address = client_ip(request)
    if address is not None and address.version == 6:
        address = ipaddress.ip_network((address, BITS_OF_ONE_HOUSEHOLD), strict=False).network_address
    return str(address or UNKNOWN)


def client_ip(request: HttpRequest) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    proxies = settings.TRUSTED_PROXY_COUNT
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    named = parse_address(forwarded[-proxies]) if 0 < proxies <= len(forwarded) else None
    return named or parse_address(request.META.get("REMOTE_ADDR", ""))


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7` or `[2001:db8::7]:4711`; None for anything else.

    An IPv4 address inside IPv6 (::ffff:192.0.2.7) is that IPv4 address, and a zone (%eth0) is dropped.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
