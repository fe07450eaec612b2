"""A Django project of our own for the tests: a clinic with patients and visits, its settings in `settings`."""
