"""What can be asked: projections of the ledger."""
