"""The page: what the desk and the operator look at in a browser, rendered here, without anything from elsewhere.

Never decides what is sent, and changes nothing unless actions are switched on: then it calls the verbs of the kit. May
import `kit` and everything below it. In reading order:

- `asked`: one request and one answer, whatever server they came by; `guard`: who may ask, and from where.
- `views`: what there is to see as values: a day, a person, the health of the job, the rules.
- `plots`: numbers over days as SVG; `rendering`: values as HTML (Jinja2, `templates/`).
- `actions`: what a person may do from the page; `desk`: the addresses, each with its view.
- `asgi`, `wsgi`: the page as an application of either kind; `report`: the same in one file.

To know: no address holds a name or a number; searches are posted. Whatever is shown is escaped where it is written,
and nothing may be kept by browsers. A page costs the same in a large ledger as in a small one: it reads by index, and
at most a hundred appointments.
"""

from __future__ import annotations

from reminder_kit.page.asgi import PageApp
from reminder_kit.page.guard import Permit, Visitor
from reminder_kit.page.report import write_report
from reminder_kit.page.wsgi import PageWsgi, django_view

__all__ = ["PageApp", "PageWsgi", "Permit", "Visitor", "django_view", "write_report"]
