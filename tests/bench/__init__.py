"""`./relevo bench`: how fast it is at ten thousand, a hundred thousand and a million conversations."""
