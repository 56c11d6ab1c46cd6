"""AWS policies: parsed, matched and decided as the service documents say."""
