"""Weeks in which clocks change, in ten zones, and rules of every kind to try in them."""

from __future__ import annotations

WEEKS = {
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "America/St_Johns": ("2026-03-08", "2026-11-01"),
    "America/Sao_Paulo": ("2018-11-04", "2019-02-16"),  # at midnight
    "Europe/Dublin": ("2026-03-29", "2026-10-25"),  # winter is the saving time there
    "Africa/Casablanca": ("2026-02-15", "2026-03-22"),  # Ramadan
    "Asia/Kathmandu": ("2026-03-08", "1986-01-01"),  # +5:45, and the day it became so
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),  # by half an hour
    "Pacific/Apia": ("2011-12-30", "2012-04-01"),  # a day that never was
    "Pacific/Chatham": ("2026-04-05", "2026-09-27"),  # +12:45, +13:45
    "Antarctica/Troll": ("2026-03-29", "2026-10-25"),  # by two hours
}
RULES = (
    {"before": "24 hours"},
    {"before": "1 day"},
    {"before": "1 week"},
    {"before": "90 minutes", "if_late": "skip"},
    {"before": "1 day", "if_late": "next rule"},
    {"days_before": 1, "at": "18:00", "min_notice": "2 hours"},
    {"days_before": 1, "at": "02:15"},
    {"days_before": 2, "at": "00:00", "shift": "later"},
    {"business_days_before": 1, "at": "02:45"},
    {"weekday": "sunday", "at": "01:45", "if_late": {"skip_after": "6 hours"}},
    {"before": "30 minutes", "anchor": "end"},
    {"after": "2 hours"},
    {"days_after": 1, "at": "02:30"},
    {"business_days_after": 1, "at": "01:45"},
)
