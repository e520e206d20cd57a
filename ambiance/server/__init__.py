"""What every Ambiance process does the same way: settings, errors on the wire, telemetry, life and death."""
