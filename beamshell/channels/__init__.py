"""Channels: one object for each address in a control system; all access to hardware goes through them."""
