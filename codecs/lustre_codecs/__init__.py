"""The dialects of lustre-wire: declarations only, no machinery."""
