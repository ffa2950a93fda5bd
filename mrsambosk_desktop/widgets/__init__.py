"""What people see and touch: intents leave as signals, state comes in through slots."""
