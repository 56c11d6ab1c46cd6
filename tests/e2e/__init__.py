"""The command line over whole folders, as somebody at a terminal meets it."""
