"""Any table of access through a mapping: CSV, Excel and JSON, one engine and three thin readers."""
