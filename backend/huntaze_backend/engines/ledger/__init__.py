"""What AI calls cost: prices, reservations against budgets, and the bookkeeping of every attempt."""
