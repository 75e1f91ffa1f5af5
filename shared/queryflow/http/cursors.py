"""Cursors of keyset paging: the key of a page's last item, in a form nobody is tempted to read."""

import base64
import binascii

from queryflow.domain.errors import Invalid


def write_cursor(key: bytes) -> str:
    """The cursor that continues after the key."""
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def read_cursor(cursor: str) -> bytes:
    """The key in a cursor; Invalid if it is none."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise foreign_cursor() from None


def foreign_cursor() -> Invalid:
    """The refusal of a cursor that the list did not give."""
    return Invalid("The cursor is not one that this list gave.", code="INVALID_CURSOR")
