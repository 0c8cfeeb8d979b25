"""Files that say which devices there are, a module for each format; all of them end as lines of one kind."""
