"""One module for each version of the ledger's tables. A released one is never changed."""
