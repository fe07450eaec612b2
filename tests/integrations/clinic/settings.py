"""The clinic's settings; where its database is and which kit it has is said by whoever sets it up."""

from __future__ import annotations

from reminder_kit import Rule

RULES = [
    Rule("day-before", before="24 hours", text="Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}."),
    Rule("two-hours", before="2 hours", if_late="skip", text="See you {{ when }}."),
]

SETTINGS = {
    "SECRET_KEY": "a secret of the tests",
    "USE_TZ": True,
    "TIME_ZONE": "America/New_York",
    "ALLOWED_HOSTS": ["testserver"],
    "ROOT_URLCONF": "tests.integrations.clinic.urls",
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "INSTALLED_APPS": [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "reminder_kit.integrations.django",
        "tests.integrations.clinic",
    ],
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
}
