"""What all checkers share: one vocabulary of faults, one register of invariants."""
