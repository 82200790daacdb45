"""The suite: journeys first, then each subject, then the house itself."""
