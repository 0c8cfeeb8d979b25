"""What leaves the console: followers read the data folder in processes of their own, and hand on what is new."""
