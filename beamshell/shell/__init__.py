"""The console: commands, prompt, start-up, and the session that joins engine, devices and data."""
