"""One module for each version of the ledger's tables. A published one is never changed."""
