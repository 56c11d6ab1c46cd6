"""The doors in: one module or folder per kind of source, each an `Importer`."""
