"""Integrations with what hosts are made of and watched by: each thin, each imported only by its user.

Never imported by the rest of the library.
"""
