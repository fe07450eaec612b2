"""Phone names: whose number a property or parameter holds, by what it is called (X-PATIENT-PHONE, X-CLINIC-TEL).

Pure. Never looks at a number itself.
"""

from __future__ import annotations

import re

from reminder_kit.calendars.content_lines import PHONE_NAME

__all__ = ["is_clients", "is_phone_name"]

_THEIRS = re.compile(r"X-(?:[A-Z]+-)*(?:CLIENT|PATIENT|CUSTOMER|GUEST|PET|MEMBER)-.*", re.IGNORECASE)
"""Names of properties and parameters that say that whom to remind is meant, whose office or whose pet it may be."""
_OTHERS = re.compile(
    rf"(?:(?!{_THEIRS.pattern})X-(?:[A-Z]+-)*(?:CLINIC|HOSPITAL|PRACTICE|OFFICE|DESK|RECEPTION|BUSINESS|LOCATION|VENUE|"
    r"BRANCH|STORE|SALON|PROVIDER|DOCTOR|PHYSICIAN|THERAPIST|PRACTITIONER|STAFF|EMPLOYEE|AGENT|ORGANI[SZ]ER)"
    r"|X-(?:[A-Z]+-)*(?:EMERGENCY|SUPPORT|OLD|FAX))(?:-(?:CONTACT|MAIN|PHONE|TEL|TELEPHONE|MOBILE|CELL|SMS|NUMBER))+",
    re.IGNORECASE,
)
"""Names of properties and parameters that hold the number of somebody else than whom to remind."""


def is_phone_name(name: str) -> bool:
    """Say whether a property or parameter, by its name in upper case, may hold the number of whom to remind."""
    return name in ("TEL", "PHONE") or (PHONE_NAME.fullmatch(name) is not None and _OTHERS.fullmatch(name) is None)


def is_clients(name: str) -> bool:
    """Say whether it is named after whom to remind, besides."""
    return is_phone_name(name) and _THEIRS.fullmatch(name) is not None
