"""What every engine and area stands on: database, unit of work, authentication port, clock, errors."""
