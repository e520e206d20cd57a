"""The server kit that every process shares: settings, admission, telemetry, workers, start and end."""
