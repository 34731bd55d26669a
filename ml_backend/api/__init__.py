"""/api/v1: what pages and commands know and do, as JSON for scripts and for other dashboards."""
