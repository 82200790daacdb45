"""The sandbox's two platforms, reached over HTTP like any other: a feed and pages."""
