"""Signing in and out, one's own password and settings, and accepting an invitation."""

from flask import Blueprint

blueprint = Blueprint("members", __name__)
