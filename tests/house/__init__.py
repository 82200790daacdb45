"""What keeps the plan of the house from rotting: small checks over the source itself."""
