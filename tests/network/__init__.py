"""Against real servers on this machine; run by `./relevo test network` alone."""
