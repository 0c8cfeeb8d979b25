"""The shell: where the rooms are joined and a person types."""
