"""How long each stage takes, beside a peer in the same run, and how much memory it needs."""
