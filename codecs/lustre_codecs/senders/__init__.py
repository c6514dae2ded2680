"""What particular peers send, where it differs from what a release itself sends."""
