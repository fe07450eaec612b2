"""Integrations: the kit inside what hosts are made of and watched by, one module for each.

Never imported by the rest of the library; each module is imported by its user alone, and needs a package that the
library does not. May import `kit` and everything below it; integrations know nothing of each other.

- `celery`: the batch job as a task, and one that follows a commit.
- `django`: a project's models, recorded as they are saved; migrations, checks, command, webhooks, signals, admin.
- `flask`: transactions that record, webhooks, a command.
- `opentelemetry`: a kit's runs, changes, events and counts as metrics.
- `radicale`: a hook of the CalDAV server's; its collections are complete sources.
- `sqlalchemy`: what sessions save, recorded as they commit.
- `starlette`: a kit in an application's life, its requests, its webhooks, and a job of its own; FastAPI, too.

To know: an integration is thin. What it shows it takes from the kit's public listeners (`kit.on`) and from the counts
of `status`, so that nothing in the kit depends on it; and it never logs or counts a number, a name or a text. What
several share is in the kit: `kit.rows` (a host's rows recorded in its transaction), `kit.following` (after its commit).
"""
