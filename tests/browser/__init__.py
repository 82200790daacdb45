"""The product in Chromium: how the browser is found and started, and the tests that use it."""
