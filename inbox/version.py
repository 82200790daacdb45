"""The version that packaging, the command line and the health answer name."""

VERSION = "0.1.0"
