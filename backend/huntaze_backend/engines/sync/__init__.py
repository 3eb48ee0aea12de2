"""What changed, for every client: pages of the change log, snapshots, and the event stream that hints at both."""
