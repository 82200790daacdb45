"""What runs outside requests: Celery's app, the timetable, and the tasks."""
