"""Scenes: a day at the desk with a moved clock, told from the comment to the phone and to the answer."""
