"""A report of a mail server that a letter of ours could not be delivered, as it comes back."""

from __future__ import annotations

from datetime import UTC, datetime

NOW = datetime(2026, 2, 12, 15, 0, tzinfo=UTC)
TOKEN = "0123456789abcdef" * 2

REPORT = """\
From: MAILER-DAEMON@mail.example
To: bounces@clinic.example
Date: Thu, 12 Feb 2026 14:00:07 +0000
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry to have to inform you about <ada@mail.example>.

--B
Content-Type: message/{report}

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; ada@mail.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--B
Content-Type: {returned}

From: hello@clinic.example
To: ada@mail.example
X-Reminder-Token: {token}

Hi Ada
--B--
"""


def report(action="failed", status="5.1.1", returned="message/rfc822", token=TOKEN, report="delivery-status"):
    filled = REPORT.format(action=action, status=status, returned=returned, token=token, report=report)
    return filled.replace("\n", "\r\n").encode()
