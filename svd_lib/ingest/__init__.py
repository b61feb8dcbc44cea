"""Raw files to tidy tables, one module per publisher, each table under a contract."""
