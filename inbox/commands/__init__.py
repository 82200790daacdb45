"""What `relevo` can be told to do, one module for each subject of the command line."""
