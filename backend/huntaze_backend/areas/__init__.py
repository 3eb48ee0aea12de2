"""One package per feature area: tables, rules, service and routes of its own."""
