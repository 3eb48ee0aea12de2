"""Queue: work that is to be done later, kept in the database, behind a port; and the ticks of cron."""
