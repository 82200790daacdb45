"""What gunicorn is told for both the pages and the event streams."""

from pathlib import Path

worker_class = "gthread"
workers = 1
# Streams never end by themselves: five seconds, then they are cut and the browser comes back.
graceful_timeout = 5
timeout = 60
keepalive = 5
accesslog = None
errorlog = "-"
loglevel = "info"
capture_output = True
# A file in memory: on a slow disk the worker's heartbeat itself would stall.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Its control socket would lie in the home folder, shared by every gunicorn of the person who runs us.
control_socket_disable = True


def listen_at(host: str, port: int) -> str:
    """Return an address in gunicorn's form, with the brackets that IPv6 wants."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
