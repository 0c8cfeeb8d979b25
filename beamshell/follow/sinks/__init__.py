"""Where followers send what they read; each module is one kind of receiver."""
