"""Starting Relevo: what a machine needs before the product runs, and what keeps its processes alive."""
