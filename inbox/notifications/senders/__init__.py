"""The kinds of method, one file each; only notifications/send.py imports them."""
