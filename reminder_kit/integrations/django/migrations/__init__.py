"""One migration for each version of the ledger: a test fails where one is missing."""
