"""The numbered invariants of upgrade and downgrade, checked against the evidence of a play that is over."""
