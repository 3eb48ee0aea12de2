"""Costs: what AI calls cost, by whom and by what, and the budgets that hold it down. For owners and managers."""
