"""The pages over several subjects: queue, conversation, triage, channels."""
